"""The description has every answer, and every refusal with its reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api import envelope
from app.api.errors import statuses_of
from app.api.iinked.schemas import TYPES
from app.api.iinked.serializers import CODES, STATUS_CODES
from app.api.json_response import json_answer
from app.api.openapi.document import Json
from app.api.solaris.signings import STATES
from app.auth import BOUND_BY_TAGS, REQUIREMENTS
from app.cms.x509.nca_profile import ROLES
from app.factory import FAMILIES
from app.rate_limit.callers import UNLIMITED
from app.services.media_types import ATTACHED, DETACHED, OCTETS, XML
from app.store.packages.states import State
from tests.api import people
from tests.api.asking import content_of, filled, save
from tests.api.described_fields import READS, SECOND
from tests.api.describing import (
    answers_of,
    described,
    served,
)
from tests.described import document_of, errors_of, resolve

#: Of the library's evidence records, which nobody can send yet.
UNUSED = {"MalformedEvidenceRecord"}
#: Names by which refusals are counted that have no error class of our own.
OTHERS = {
    "DatabaseAway": "503",
    "NotAcceptable": "406",
    "NotFound": "404",
    "PreconditionFailed": "412",
    "RequestEntityTooLarge": "413",
    "RequestHeaderFieldsTooLarge": "431",
    "RequestTimeout": "408",
    "Unexpected": "500",
}


def reasons_of(document: Json) -> Iterator[tuple[tuple[str, str], str, Json]]:
    """Yield each refusal that is described, with its address and status."""
    for address, operation in described(document).items():
        for status, answer in answers_of(document, operation).items():
            if int(status) >= 400:
                yield address, status, answer


def test_every_refusal_is_described_with_its_status(document: Json) -> None:
    statuses = statuses_of(FAMILIES.values())
    kinds = {kind.__name__: str(status) for kind, status in statuses.items()} | OTHERS
    assert len(kinds) == len(statuses) + len(OTHERS)
    found = set()
    for address, status, answer in reasons_of(document):
        for reason in answer["x-reasons"]:
            assert kinds[reason] == status, address
            found.add(reason)
    assert found == set(kinds) - UNUSED


def test_each_reason_is_reported_once(document: Json) -> None:
    for address, _, answer in reasons_of(document):
        reasons = answer.get("x-reasons", [])
        assert len(reasons) == len(set(reasons)), address
        reported = re.findall(r"^- (.*)$", answer["description"], re.MULTILINE)
        assert len(reported) == len(set(reported)) == (len(reasons) if len(reasons) > 1 else 0), (
            address
        )


def test_a_refusal_begins_with_the_name_of_its_status(document: Json) -> None:
    names = {
        "400": "Bad Request",
        "401": "Unauthorized",
        "403": "Forbidden",
        "404": "Not Found",
        "406": "Not Acceptable",
        "408": "Request Timeout",
        "409": "Conflict",
        "412": "Precondition Failed",
        "413": "Content Too Large",
        "415": "Unsupported Media Type",
        "422": "Unprocessable Content",
        "429": "Too Many Requests",
        "431": "Request Header Fields Too Large",
        "500": "Internal Server Error",
        "501": "Not Implemented",
        "502": "Bad Gateway",
        "503": "Service Unavailable",
    }
    for address, status, answer in reasons_of(document):
        assert re.match(rf"{names[status]}[:.]", answer["description"]), address


def test_every_operation_has_the_refusals_that_any_may_meet(sqlite_app: Flask) -> None:
    document, views = document_of(sqlite_app), served(sqlite_app)
    for address, operation in described(document).items():
        view, answers = views[address], answers_of(document, operation)
        assert {"408", "431", "500"} <= set(answers)
        if REQUIREMENTS[view] is not None:
            assert "503" in answers  # Tokens are asked for in the database.
            by_tags = "TagsOutOfReach" in answers["403"]["x-reasons"]
            assert by_tags is (view not in BOUND_BY_TAGS), address
        name = operation["operationId"].removesuffix(SECOND)
        reads = isinstance(READS.get(name), type)
        assert ("413" in answers, "415" in answers) == (reads, reads), address


def test_answers_have_the_headers_that_all_have(document: Json) -> None:
    for address, operation in described(document).items():
        for status, answer in answers_of(document, operation).items():
            headers = set(answer["headers"])
            assert {"X-Request-ID", "Cache-Control"} <= headers
            assert ("WWW-Authenticate" in headers) is (status == "401")
            is_later = status in ("429", "503") or "IdempotencyKeyInUse" in answer.get(
                "x-reasons", ()
            )
            assert ("Retry-After" in headers) is is_later
            is_limited = address[0] not in UNLIMITED
            assert ("RateLimit" in headers) is is_limited, (address, status)
            if int(status) >= 400:
                assert "Content-Language" in headers, (address, status)


@pytest.mark.parametrize(
    ("place", "values"),
    [
        ("Claimed roles items", dict.fromkeys(ROLES.values())),
        ("NewPackageSigner role", dict.fromkeys(ROLES.values())),
        ("PackageSummary type", TYPES),
        ("PackageSummary state", get_args(State)),
        ("Package state", get_args(State)),
        ("Signing status", STATES),
        ("Signing state", STATES.values()),
        ("IinkedError error", sorted({*CODES.values(), *STATUS_CODES.values()})),
    ],
)
def test_the_words_to_choose_from_are_those_of_the_code(
    document: Json, place: str, values: Any
) -> None:
    schema, name, *rest = place.split()
    found = resolve(document, document["components"]["schemas"][schema]["properties"][name])
    for key in rest:
        found = resolve(document, found[key])
    assert found["enum"] == list(values)


def test_a_signature_by_its_public_id_is_described_in_every_type(document: Json) -> None:
    answer = document["paths"]["/signatures/{public_id}"]["get"]["responses"]["200"]
    assert set(answer["content"]) == {"application/json", OCTETS, DETACHED, ATTACHED, XML}


def test_an_answer_that_is_not_as_described_fails_the_test_that_gets_it(
    sqlite_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = json_answer
    odd = {"status": True, "message": None, "content": {"health": "live", "odd": 1}}
    monkeypatch.setattr(envelope, "json_answer", lambda _value, _status=200: write(odd))
    with pytest.raises(jsonschema_rs.ValidationError, match="odd"):
        sqlite_client.get("/health/live")


def test_a_list_that_is_streamed_is_as_described(
    sqlite_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "WHOLE", 1)
    save(sqlite_client, cms=people.cms(people.ivan(), stamped=True))
    other = filled(version=1, cms=people.cms(people.chief()))
    assert "warnings" in content_of(sqlite_client.post("/signature", json=other), 201)
    document: Json = sqlite_client.get("/openapi.json").get_json()
    pair = "document=doc&thread=main"
    more = "with=signers,saver,public_id"
    for path, query in (("/signature/versions", f"{pair}&diff=1"), ("/signatures", "count=1")):
        answer = sqlite_client.get(f"{path}?{query}&{more}")
        assert "Content-Length" not in answer.headers
        shape = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        assert errors_of(document, shape["schema"], answer.get_json()) == []
        answer.close()
