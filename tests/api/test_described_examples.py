"""The examples of the description are real."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.api.openapi.document import Json
from app.factory import FAMILIES
from tests.api.described_fields import READS
from tests.api.describing import (
    REFUSED,
    answers_of,
    described,
    examples_of,
)
from tests.api.examples import SETTINGS, WALKS, kept_in, outline, record, references_in
from tests.conftest import AppMaker
from tests.described import document_of, errors_of, resolve


@pytest.fixture(name="exemplary")
def app_of_examples(make_app: AppMaker, trust_folder: str) -> Flask:
    """Provide an application set up as that which the examples were asked of."""
    return make_app(TRUST_DIR=str(trust_folder), **SETTINGS)


@pytest.mark.parametrize("family", WALKS)
def test_the_examples_are_what_is_really_asked_and_answered(exemplary: Flask, family: str) -> None:
    file = FAMILIES[family].openapi
    kept, recorder = kept_in(file), record(exemplary, family)
    assert set(kept) == references_in(file)
    for name, value in kept.items():
        now = outline(recorder.examples[name])
        assert now == outline(value), f"{name}: python -m tests.api.examples writes it anew"


@pytest.mark.parametrize("family", WALKS)
def test_the_parameters_of_the_examples_are_those_that_were_sent(
    exemplary: Flask, family: str
) -> None:
    document, recorder = document_of(exemplary), record(exemplary, family)
    operations = {one["operationId"]: one for one in described(document).values()}
    asked = {name: sent for name, sent in recorder.parameters.items() if sent}
    assert asked or family == "ncanode3"  # All of it is in bodies.
    for name, sent in asked.items():
        parameters = [resolve(document, one) for one in operations[name]["parameters"]]
        reported = {one["name"]: one["example"] for one in parameters if "example" in one}
        assert outline(dict(sorted(reported.items()))) == outline(dict(sorted(sent.items()))), name


def test_every_operation_of_a_family_has_a_real_answer_as_example(document: Json) -> None:
    without = {
        "forwardToNcanode",  # There is no server to forward to.
        "getSignatureFile",  # It is no JSON.
        "getSignatureContent",  # As well.
        "getEvidenceRecord",  # Its answer is a file.
        "getActuatorHealth",  # It has a type of its own.
        *REFUSED,
        "getCard",  # As above.
        "makeCard",
        *(name for name in READS if name.endswith("Batch")),  # As of a request for each.
    }
    for operation in described(document).values():
        name = operation["operationId"]
        if operation["tags"] != ["operations"] and name not in without:
            good = operation["responses"][min(operation["responses"])]
            assert list(examples_of(document, good["content"]["application/json"])), name
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                assert list(examples_of(document, content)), name


def test_the_examples_are_as_described(sqlite_app: Flask) -> None:
    document = document_of(sqlite_app)
    examples = list(examples_in(document))
    assert len(examples) > 40
    for schema, example in examples:
        assert errors_of(document, schema, example) == []


def examples_in(document: Json) -> Iterator[tuple[Json, Any]]:
    """Yield each example with the schema that it is one of."""
    for operation in described(document).values():
        for parameter in (resolve(document, one) for one in operation["parameters"]):
            if "example" in parameter:
                yield parameter["schema"], parameter["example"]
        for one in [operation.get("requestBody", {}), *answers_of(document, operation).values()]:
            for content in one.get("content", {}).values():
                for example in examples_of(document, content):
                    yield content["schema"], example
