"""The description has every kind of body that is read, and no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.api.openapi.document import Json
from app.services.uploads import CERTIFICATES, FILES, MULTIPART
from tests.api.described_fields import beside_file, file_of, files_of, parts_of, required_by
from tests.api.describing import BY_QUERY, NDJSON, bare, described
from tests.conftest import AppMaker
from tests.described import document_of, resolve

JSON, FILE = "application/json", "application/octet-stream"
FORM = "application/x-www-form-urlencoded"
#: Kinds of body of which an operation reads all or none: they are described by one of them.
LIKE_FILE = FILES - {FILE}
#: What is read of each kind, though perhaps not accepted.
BODIES = {
    JSON: b"{}",
    FORM: b"x=y",
    MULTIPART: b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
    **dict.fromkeys(FILES | CERTIFICATES, b"\x30\x00"),
    NDJSON: b"x",
    "image/png": b"\x89PNG",
    "application/pdf": b"%PDF",
}


def with_body(document: Json) -> Iterator[tuple[str, str, Json, dict[str, Json]]]:
    """Yield path, method, operation and its kinds of body, of those that have any."""
    for (path, method), operation in described(document).items():
        if "requestBody" in operation:
            yield path, method, operation, operation["requestBody"]["content"]


@pytest.fixture(name="forwarding")
def forwarding_app(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Provide an application that reads the bodies of all operations."""
    return start_app(DATABASE_URL=sqlite_url, NCANODE_REMOTE_URL="http://127.0.0.1:9/")


def test_a_kind_of_body_is_described_if_it_is_read(forwarding: Flask) -> None:
    client, tried = forwarding.test_client(), 0
    for path, method, operation, content in with_body(document_of(forwarding)):
        name = operation["operationId"]
        # Forms without files are read everywhere, which the description says once.
        forms = () if NDJSON in content else (FORM,)
        expected = {*content, *forms, *(files_of(name) if FILE in content else ())}
        read = set()
        for kind, body in BODIES.items():
            full = f"{kind}; boundary=x" if kind == MULTIPART else kind
            response = client.open(path, method=method, data=body, content_type=full)
            assert response.status_code < 500, (name, kind, response.text)
            if response.status_code != 415:
                read.add(kind)
            tried += 1
        assert read == expected, name
    assert tried > 100


def test_a_kind_that_is_described_by_another_is_named(document: Json) -> None:
    words = document["info"]["description"].replace("(with `x-` before `pkcs7` too)", "")
    for kind in {*LIKE_FILE, FORM, FILE, MULTIPART}:
        assert f"`{kind.replace('/x-pkcs7', '/pkcs7')}`" in words, kind
    for kind in CERTIFICATES:
        assert f"`{kind}`" in document["paths"]["/validate"]["post"]["description"]


def test_files_are_described_where_the_code_reads_them(document: Json) -> None:
    found = set()
    for _, _, operation, content in with_body(document):
        name = operation["operationId"]
        kinds = {JSON, MULTIPART, FILE} if file_of(name) else {JSON}
        assert set(content) in (kinds, {NDJSON}), name
        if MULTIPART in content:
            form = bare(document, content[MULTIPART]["schema"])
            assert form["properties"] == parts_of(name), name
            assert set(form.get("required", ())) == set(required_by(name)), name
            file = bare(document, content[FILE]["schema"])
            assert file == {"type": "string", "format": "binary"}
            found.add(name)
    assert found == {
        "saveSignature",
        "verifySignatureOf",
        "validateCms",
        "validateSigner",
        "extractContent",
        "makeCard",
        "verifyCard",
    }


def test_what_is_read_beside_a_file_is_described_and_never_demanded(document: Json) -> None:
    for (_, method), operation in described(document).items():
        if method in BY_QUERY:
            continue
        name = operation["operationId"]
        parameters = [resolve(document, one) for one in operation["parameters"]]
        query = [one for one in parameters if one["in"] == "query"]
        shapes = {one["name"]: bare(document, one["schema"]) for one in query}
        assert shapes == (beside_file(name) if file_of(name) else {}), name
        assert not any(one.get("required") for one in query), name


def test_no_two_kinds_of_body_share_a_schema(document: Json) -> None:
    # Generated Python clients choose the kind by the class of the body.
    for _, _, operation, content in with_body(document):
        references = [one["schema"]["$ref"] for one in content.values()]
        assert len(references) == len(set(references)), operation["operationId"]


def test_sentences_can_be_had_in_each_language(document: Json) -> None:
    for (path, _), operation in described(document).items():
        parameters = [resolve(document, one) for one in operation["parameters"]]
        languages = [one["schema"]["enum"] for one in parameters if one["name"] == "api-locale"]
        if operation["tags"][0] in ("save", "find", "verify", "ncanode"):
            assert languages == [["en", "ru", "kk"]], path
