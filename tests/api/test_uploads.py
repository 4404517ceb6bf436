"""Signatures and documents as files: parts of a form, or the body itself; and digests in place."""

import json
import re
import time
from base64 import b64decode, b64encode
from hashlib import sha256, sha512
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cms.algorithms import registry as algorithms
from tests.api import people
from tests.api.asking import content_of, get, message_of, save
from tests.conftest import AppMaker
from tests.cpu import allowed
from tests.pki import CONTENT, pem, sign_cms, sign_xml

DOCUMENT = "Договор № 5".encode()
FILE = "application/octet-stream"
OF_ANOTHER_KIND = (
    "Request body has a type that is not accepted here: its Content-Type must be one of "
)
ENCODED = b"Content-Transfer-Encoding: base64\r\n"


@pytest.fixture(name="der")
def detached() -> bytes:
    """Provide a signature of DOCUMENT without it."""
    return sign_cms(DOCUMENT, attached=False)


def form(**parts: Any) -> dict[str, Any]:
    """Return the parts of a form: text, or bytes, which go as a file."""
    parts = {"document": "doc", "thread": "main", **parts}
    return {
        name: (BytesIO(value), f"{name}.bin") if isinstance(value, bytes) else value
        for name, value in parts.items()
    }


def sent(client: FlaskClient, path: str, **parts: Any) -> Any:
    """Send a form with files."""
    return client.post(path, data=form(**parts), content_type="multipart/form-data")


def test_a_form_with_files_is_saved(client: FlaskClient, der: bytes) -> None:
    response = sent(client, "/signature", cms=der, data=DOCUMENT, **{"tags[]": ["a", "b"]})
    saved = content_of(response, 201)["signature"]
    assert (saved["cms"], saved["tags"]) == (b64encode(der).decode(), ["a", "b"])
    assert get(client)["cms"] == saved["cms"]
    wrong = sent(client, "/signature", cms=der, data=DOCUMENT + b"x", version="1")
    assert "not what was signed" in message_of(wrong)


@pytest.mark.parametrize(
    "write",
    [
        lambda der: pem(der).encode(),
        lambda der: b"\xef\xbb\xbf" + b64encode(der),
        lambda _der: sign_xml().encode(),
    ],
)
def test_a_file_may_be_text(sqlite_client: FlaskClient, der: bytes, write: Any) -> None:
    written = write(der)
    saved = content_of(sent(sqlite_client, "/signature", cms=written), 201)["signature"]
    assert saved["cms"] == written.decode("utf-8-sig")


@pytest.mark.parametrize(
    "kind",
    ["pkcs7-signature", "pkcs7-mime", "x-pkcs7-signature", "octet-stream", "xml"],
)
def test_a_body_may_be_the_file(sqlite_client: FlaskClient, der: bytes, kind: str) -> None:
    body = sign_xml().encode() if kind == "xml" else der
    path = "/signature?document=doc&thread=main&tags[]=a"
    response = sqlite_client.post(path, data=body, content_type=f"application/{kind}; charset=x")
    saved = content_of(response, 201)["signature"]
    assert saved["cms"] == (body.decode() if kind == "xml" else b64encode(der).decode())
    assert saved["tags"] == ["a"]


def test_json_is_read_whatever_is_said_of_it(sqlite_client: FlaskClient, der: bytes) -> None:
    body = {"document": "doc", "thread": "main", "cms": b64encode(der).decode()}
    for kind in (FILE, "multipart/form-data", "application/xml", "image/png"):
        path = "/signature" if kind == FILE else "/signatures"
        response = sqlite_client.open(
            path, method="POST" if kind == FILE else "GET", json=body, content_type=kind
        )
        assert response.status_code in (200, 201), response.text


@pytest.mark.parametrize("kind", ["image/png", "application/pdf", "application/zip", "video/mp4"])
def test_what_is_of_another_kind_is_415(sqlite_client: FlaskClient, der: bytes, kind: str) -> None:
    path = "/signature?document=doc&thread=main"
    response = sqlite_client.post(path, data=der, content_type=kind)
    reported = message_of(response, 415)
    assert reported.startswith(f"{OF_ANOTHER_KIND}application/json, application/x-www-form")
    assert "multipart/form-data" in reported
    response = sqlite_client.post("/packages/add", data=form(), content_type="multipart/form-data")
    assert response.status_code == 415
    for other, body in ((FILE, der), ("text/xml", sign_xml().encode())):
        response = sqlite_client.delete("/signature", data=body, content_type=other)
        assert message_of(response, 415) == (
            f"{OF_ANOTHER_KIND}application/json, application/x-www-form-urlencoded"
        )


@pytest.mark.parametrize("kind", ["", "text/plain", "text/html"])
def test_what_is_read_as_json_and_is_none_says_which_kinds_are_read(
    sqlite_client: FlaskClient, kind: str
) -> None:
    response = sqlite_client.delete("/signature", data=b"MIIB", content_type=kind)
    assert message_of(response) == (
        "Request body is not valid JSON (line 1, column 1); the body is read as JSON, since its "
        "Content-Type is none of application/json, application/x-www-form-urlencoded"
    )
    response = sqlite_client.post("/signature", data=b'"MIIB"', content_type=kind)
    reported = message_of(response)
    assert reported.startswith(
        "Request body must be a JSON object; the body is read as JSON, since its"
    )
    assert "application/pkcs7-signature" in reported
    response = sqlite_client.post("/signature", data=b'"MIIB"', content_type="application/json")
    assert message_of(response) == "Request body must be a JSON object"


def test_a_file_that_is_said_to_be_a_form_says_which_kinds_are_read(
    sqlite_client: FlaskClient, der: bytes
) -> None:
    kind = "application/x-www-form-urlencoded"
    reported = message_of(sqlite_client.post("/signature", data=der, content_type=kind))
    assert reported.startswith(
        "Request body is not in UTF-8, as a form is: the Content-Type of a file is one of "
        "application/octet-stream, application/pkcs7-mime, "
    )
    reported = message_of(sqlite_client.delete("/signature", data=der, content_type=kind))
    assert reported == "Request parameters are not in UTF-8"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", '"cms" parameter must be set'),
        (b"--x", "Request body is not complete multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="cms"\r\n\r\nMII',
            "Request body is not complete multipart/form-data",
        ),
        (b"nothing", "Request body is not complete multipart/form-data"),
        (
            b"--x\r\nContent-Disposition: form-data\r\n\r\nMII\r\n--x--",
            "Request body is not complete multipart/form-data",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="cms"\r\n\r\n\r\n--x--' + b" \n" * 9000,
            "Request body is not complete multipart/form-data",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="cms"\r\n\r\n\xff\r\n--x--',
            '"cms" parameter is text that is not in UTF-8: a file is sent with a file name',
        ),
        (
            b"--x\r\n" + ENCODED + b"Content-Disposition: form-data; name=a\r\n\r\nYQ==\r\n--x--",
            '"a" parameter has a Content-Transfer-Encoding: send the file as it is',
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 1001 + b"--x--",
            "Request has more than 1000 parameters",
        ),
    ],
)
def test_a_form_that_can_t_be_read_says_why(
    sqlite_client: FlaskClient, body: bytes, message: str
) -> None:
    path = "/signature?document=doc&thread=main"
    kind = "multipart/form-data; boundary=x"
    assert message_of(sqlite_client.post(path, data=body, content_type=kind)) == message


def test_a_form_without_a_boundary_is_told_so(sqlite_client: FlaskClient, der: bytes) -> None:
    response = sqlite_client.post("/signature", data=der, content_type="multipart/form-data")
    assert message_of(response).startswith("Content-Type of the form has no boundary")


@pytest.mark.attacks
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Disposition: form-data; name=\"cms\"; filename*=UTF-8''" + b"%41" * 9_000_000,
        b'Content-Disposition: form-data; name="cms"' + b";a=b" * 7_000_000,
        b'Content-Disposition: form-data; name="cms"\r\n' + b"A: b\r\n" * 4_000_000,
        b'Content-Disposition: form-data; name="' + b"c" * 28_000_000 + b'"',
    ],
    ids=range(4),
)
def test_the_head_of_a_part_is_bounded(sqlite_client: FlaskClient, head: bytes) -> None:
    body = b"--x\r\n" + head + b"\r\n\r\nvalue\r\n--x--\r\n"
    began = time.process_time()
    response = sqlite_client.post(
        "/cms/validate", data=body, content_type="multipart/form-data; boundary=x"
    )
    assert message_of(response) == "Request body is not complete multipart/form-data"
    assert time.process_time() - began < allowed(1)


@pytest.mark.attacks
@pytest.mark.parametrize("path", ["/cms/validate", "/verify"])
def test_what_is_made_of_a_boundary_is_not_kept(sqlite_client: FlaskClient, path: str) -> None:
    """Python's `re` keeps the last 512 patterns: they took 570 MB of a worker."""
    for size in (201, 120_000):
        boundary = "x" * size
        part = b'\r\nContent-Disposition: form-data; name="cms"\r\n\r\nvalue\r\n--'
        body = b"--" + boundary.encode() + part + boundary.encode() + b"--"
        kind = f"multipart/form-data; boundary={boundary}"
        re.purge()
        response = sqlite_client.post(path, data=body, content_type=kind)
        assert response.status_code == 400
        kept = [one for one in re._cache if boundary[:99] in str(one)]  # type: ignore[attr-defined]  # its own
        assert not kept
    usual = "x" * 70
    body = b"--" + usual.encode() + part + usual.encode() + b"--"
    kind = f"multipart/form-data; boundary={usual}"
    response = sqlite_client.post("/cms/validate", data=body, content_type=kind)
    assert "multipart" not in message_of(response)


@pytest.mark.attacks
def test_wide_letters_are_bounded_in_forms_and_json(sqlite_client: FlaskClient) -> None:
    wide = b"A" * 9_000_000 + "😀".encode()
    body = b'--x\r\nContent-Disposition: form-data; name="cms"\r\n\r\n' + wide + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    reported = message_of(sqlite_client.post("/cms/validate", data=body, content_type=kind))
    assert reported.startswith("Request has a value of more than 8000000 bytes")
    value = '"' + "A" * 7_000_000 + '😀"'
    body = f'{{"a":{value},"b":{value},"cms":{value}}}'.encode()
    reported = message_of(sqlite_client.post("/cms/validate", data=body))
    assert reported == "Request of more than 16000000 bytes has a character beyond U+FFFF"


def test_a_field_may_be_in_latin_letters(sqlite_client: FlaskClient, der: bytes) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="stage"\r\n'
        b"Content-Type: text/plain; charset=ISO-8859-1\r\n\r\ncaf\xe9\r\n"
        b'--x\r\nContent-Disposition: form-data; name="cms"; filename="a"\r\n\r\n'
    )
    sqlite_client.post(
        "/signature?document=doc&thread=main",
        data=body + der + b"\r\n--x--",
        content_type="multipart/form-data; boundary=x",
    )
    assert get(sqlite_client)["stage"] == "café"


def test_a_file_for_text_is_refused_by_name(sqlite_client: FlaskClient, der: bytes) -> None:
    response = sent(sqlite_client, "/signature", cms=der, thread=b"main")
    assert message_of(response) == '"thread" parameter must be text'
    response = sent(sqlite_client, "/signature", cms=der, tags=b"main")
    assert message_of(response) == '"tags" parameter must be text'
    response = sent(sqlite_client, "/signature", cms=b"\xff\xd8")
    assert message_of(response) == (
        '"cms" parameter is a file that is neither DER nor text in UTF-8'
    )


@pytest.mark.attacks
def test_signed_xml_is_kept_as_it_was_read(sqlite_client: FlaskClient) -> None:
    """Text is kept as text only if it reads as its declaration says."""
    bare = sign_xml("<a><b>текст</b></a>").partition("?>")[2]
    for number, name in enumerate(("utf-8", "windows-1251", "utf-16")):
        data = f'<?xml version="1.0" encoding="{name}"?>{bare}'.encode(name)
        path = f"/signature?document={number}&thread=main"
        response = sqlite_client.post(path, data=data, content_type="application/xml")
        content_of(response, 201)
        kept = get(sqlite_client, str(number))["cms"]
        assert kept == (data.decode() if name == "utf-8" else b64encode(data).decode())
        file = sqlite_client.get(f"/signature/file?document={number}&thread=main")
        assert file.data == bare.encode()
        other = data.replace(name.encode(), b"gbk") if name != "utf-16" else data[2:-2]
        path = f"/signature?document={number}&thread=other"
        refused = sqlite_client.post(path, data=other, content_type="application/xml")
        assert message_of(refused).startswith("cms: XML ")


def test_a_file_that_was_left_out_is_none(sqlite_client: FlaskClient, der: bytes) -> None:
    body = {"document": "doc", "thread": "main", "cms": (BytesIO(der), "a.p7s")}
    empty = {**body, "data": (BytesIO(b""), "")}
    content_of(sqlite_client.post("/signature", data=empty), 201)
    body["cms"] = (BytesIO(der), "a.p7s")
    named = {**body, "version": "1", "data": (BytesIO(b""), "empty.txt")}
    assert "not what was signed" in message_of(sqlite_client.post("/signature", data=named))


def test_a_save_may_leave_the_signature_out_of_its_answer(sqlite_client: FlaskClient) -> None:
    saved = save(sqlite_client, without="cms")
    assert not {"cms", "signature"} & set(saved)
    assert get(sqlite_client)["cms"]


def verdict(client: FlaskClient, **given: Any) -> tuple[str, Any]:
    """Verify the stored signature, and return what is said of the content."""
    response = client.post("/signature/verify", json={"document": "doc", "thread": "main", **given})
    found = content_of(response)["verification"]
    return found["intact"]["answer"], found["compared"]


def test_a_stored_signature_is_verified_with_the_document(
    sqlite_client: FlaskClient, der: bytes
) -> None:
    save(sqlite_client, cms=b64encode(der).decode())
    path = "/signature/verify?document=doc&thread=main"
    by_get = content_of(sqlite_client.get(path))
    assert content_of(sqlite_client.post(path)) == by_get
    assert by_get["verification"]["compared"] is None
    for response in (
        sqlite_client.post(path, data=DOCUMENT, content_type=FILE),
        sent(sqlite_client, "/signature/verify", data=DOCUMENT),
        sqlite_client.post(path, json={"data": b64encode(DOCUMENT).decode()}),
        sqlite_client.post(path, json={"data": DOCUMENT.decode()}),
    ):
        found = content_of(response)["verification"]
        assert found["intact"]["answer"] == "yes"
        assert found["compared"] == {"what": "data", "size": len(DOCUMENT)}
    found = content_of(sqlite_client.post(path, data=b"other", content_type=FILE))["verification"]
    assert found["intact"]["answer"] == "no"


@pytest.mark.parametrize("other", [b'{"document": "x"}', b"[1] see below", b" {", b""])
def test_a_document_that_begins_as_json_is_a_document(
    sqlite_client: FlaskClient, other: bytes
) -> None:
    save(sqlite_client, cms=b64encode(sign_cms(DOCUMENT)).decode())
    path = "/signature/verify?document=doc&thread=main"
    # The test client leaves out the length of an empty body.
    length = {"CONTENT_LENGTH": str(len(other))}
    response = sqlite_client.post(path, data=other, content_type=FILE, environ_overrides=length)
    found = content_of(response)["verification"]
    # What is attached verifies by itself: taken for parameters, this would be a wrong yes.
    assert found["intact"]["answer"] == "no"
    assert found["compared"] == {"what": "data", "size": len(other)}


def test_a_request_without_a_body_brings_no_document(sqlite_client: FlaskClient) -> None:
    save(sqlite_client, cms=b64encode(sign_cms(DOCUMENT)).decode())
    path = "/signature/verify?document=doc&thread=main"
    found = content_of(sqlite_client.get(path, content_type=FILE))["verification"]
    assert found["compared"] == {"what": "attached"}


def test_a_digest_stands_for_the_document(sqlite_client: FlaskClient, der: bytes) -> None:
    save(sqlite_client, cms=b64encode(der).decode())
    digest = sha256(DOCUMENT).digest()
    reported = {"what": "digest", "algorithm": "SHA-256", "digest": digest.hex()}
    for algorithm in ("SHA-256", "sha256", "2.16.840.1.101.3.4.2.1"):
        for written in (digest.hex(), digest.hex().upper(), b64encode(digest).decode()):
            assert verdict(sqlite_client, digest=written, algorithm=algorithm) == ("yes", reported)
    assert verdict(sqlite_client, digest=sha256(b"x").hexdigest(), algorithm="SHA-256")[0] == "no"
    other = {"digest": sha512(DOCUMENT).hexdigest(), "algorithm": "SHA-512"}
    response = sqlite_client.post(
        "/signature/verify", json={"document": "doc", "thread": "main", **other}
    )
    intact = content_of(response)["verification"]["intact"]
    assert intact["answer"] == "unknown"
    assert intact["reasons"] == [
        "the digest given is a SHA-512 digest, but a SHA-256 digest is needed"
    ]


def test_a_digest_is_compared_with_content_that_is_attached(sqlite_client: FlaskClient) -> None:
    save(sqlite_client, cms=b64encode(sign_cms(DOCUMENT)).decode())
    assert verdict(sqlite_client)[1] == {"what": "attached"}
    good = {"digest": algorithms.digest(algorithms.STREEBOG_256, DOCUMENT).hex()}
    assert verdict(sqlite_client, algorithm="streebog-256", **good)[0] == "yes"
    bad = {"digest": algorithms.digest(algorithms.STREEBOG_256, b"x").hex()}
    assert verdict(sqlite_client, algorithm="Streebog 256", **bad)[0] == "no"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"digest": "00" * 32}, '"algorithm" parameter must be set'),
        ({"algorithm": "SHA-256"}, '"digest" parameter must be set'),
        (
            {"digest": "00" * 31, "algorithm": "SHA-256"},
            '"digest" parameter must be 32 bytes, as hexadecimal digits or in base64',
        ),
        (
            {"digest": "0" * 64, "algorithm": "SHA-256", "data": "x"},
            'Only one of "data" and "digest" must be set',
        ),
    ],
)
def test_a_digest_that_can_t_be_read_says_why(
    sqlite_client: FlaskClient, given: dict[str, str], message: str
) -> None:
    body = {"document": "doc", "thread": "main", **given}
    assert message_of(sqlite_client.post("/signature/verify", json=body)) == message


@pytest.mark.parametrize("algorithm", ["SHA-1", "md5", "1.3.14.3.2.26", "CRC-32"])
def test_a_digest_that_proves_nothing_is_refused(
    sqlite_client: FlaskClient, algorithm: str
) -> None:
    body = {"document": "doc", "thread": "main", "digest": "00" * 20, "algorithm": algorithm}
    message = message_of(sqlite_client.post("/signature/verify", json=body))
    assert message.startswith('"algorithm" parameter must be one of SHA-224, SHA-256,')


def test_other_doors_take_files_too(app_with_claims: Flask, der: bytes) -> None:
    client = app_with_claims.test_client()
    found = content_of(
        sent(client, "/cms/validate", cms=der, data=DOCUMENT, document="", thread="")
    )
    assert found["verification"]["intact"]["answer"] == "yes"
    attached = sign_cms(DOCUMENT)
    response = client.post("/cms/extract", data=attached, content_type="application/pkcs7-mime")
    assert content_of(response) == {"data": DOCUMENT.decode()}
    response = client.post("/cms/extract", data=json.dumps({"cms": b64encode(attached).decode()}))
    assert content_of(response) == {"data": DOCUMENT.decode()}


def test_a_signer_s_file_is_validated_by_rules(anchored: FlaskClient) -> None:
    der, asked = b64decode(people.cms(people.ivan())), "/validate?rule=individual"
    certificate = people.ivan().certificate
    armoured = pem(certificate, label="CERTIFICATE").encode()
    for kind, body in (
        ("application/pkcs7-signature", der),
        ("application/octet-stream", der),
        ("application/octet-stream", certificate),
        ("application/pkix-cert", certificate),
        ("application/x-x509-ca-cert", armoured),
        ("application/xml; charset=utf-8", sign_xml().encode()),
    ):
        response = anchored.post(asked, data=body, content_type=kind)
        assert response.status_code == 200 or kind.startswith("application/xml"), response.text
        assert response.status_code != 415
    for parts in (
        {"cms": der},
        {"cms": certificate},
        {"cms": armoured},
        {"cms": b64encode(der).decode()},
    ):
        response = sent(anchored, "/validate", rule="individual", **parts)
        assert response.get_json()["status"] is True
    response = anchored.post("/signature", data=certificate, content_type="application/pkix-cert")
    assert response.status_code == 415


def test_the_content_of_a_file_is_validated_with_it(anchored: FlaskClient) -> None:
    der = b64decode(people.cms(people.ivan(), attached=False))
    good = sent(anchored, "/validate", cms=der, data=CONTENT, rule="individual")
    assert good.get_json() == {"status": True}
    bad = sent(anchored, "/validate", cms=der, data=b"other", rule="individual")
    assert bad.get_json() == {"status": False}


def test_an_xml_file_goes_by_either_name(anchored: FlaskClient) -> None:
    reported = {
        sent(anchored, "/validate", rule="individual", **{name: sign_xml().encode()}).text
        for name in ("xml", "cms")
    }
    assert len(reported) == 1
    response = sent(anchored, "/validate", rule="individual", xml=b"\xff")
    assert message_of(response) == (
        '"xml" parameter is a file that is neither DER nor text in UTF-8'
    )


def test_a_stored_signature_is_validated(app_with_claims: Flask, der: bytes) -> None:
    client = app_with_claims.test_client()
    save(client, cms=b64encode(der).decode())
    pair = {"document": "doc", "thread": "main"}
    for data in (DOCUMENT.decode(), b64encode(DOCUMENT).decode()):
        found = content_of(client.post("/cms/validate", json={**pair, "data": data}))
        assert found["verification"]["intact"]["answer"] == "yes"
    wrong = client.post("/cms/validate", json={**pair, "data": "other"})
    assert message_of(wrong) == '"data" parameter must be base64, or the text that was signed'
    gone = client.post("/cms/validate", json={**pair, "thread": "x", "data": "other"})
    assert message_of(gone, 404) == "Signature was not found"
    both = client.post("/cms/validate", json={**pair, "cms": b64encode(der).decode()})
    assert message_of(both) == 'Only one of "cms" and "document" with "thread" must be set'


@pytest.fixture(name="app_with_claims")
def claiming_app(start_app: AppMaker, sqlite_url: str) -> Flask:
    """Provide an application to which claims are enough."""
    return start_app(DATABASE_URL=sqlite_url, CLAIMS="accept")


def test_base64_of_the_text_and_the_text_of_base64_are_distinguished(
    app_with_claims: Flask,
) -> None:
    client = app_with_claims.test_client()
    text = b64encode(b"inner").decode()
    signed = b64encode(sign_cms(text.encode(), attached=False)).decode()
    found = content_of(client.post("/cms/validate", json={"cms": signed, "data": text}))
    assert found["verification"]["intact"]["answer"] == "yes"
    signed = b64encode(sign_cms(b64decode(text), attached=False)).decode()
    found = content_of(client.post("/cms/validate", json={"cms": signed, "data": text}))
    assert found["verification"]["intact"]["answer"] == "yes"


def test_the_signature_itself_is_not_what_was_signed(
    sqlite_client: FlaskClient, der: bytes
) -> None:
    save(sqlite_client, cms=b64encode(der).decode())
    path = "/signature/verify?document=doc&thread=main"
    for answer in (
        sqlite_client.post(path, data=der, content_type="application/pkcs7-signature"),
        sqlite_client.post(path, json={"data": b64encode(der).decode()}),
    ):
        assert answer.status_code == 400
        assert message_of(answer) == (
            '"data" parameter is the signature itself, not what was signed'
        )


@pytest.mark.parametrize(
    ("coding", "status"), [("gzip", 415), ("br, gzip", 415), ("identity", 404)]
)
def test_what_is_compressed_is_415(sqlite_client: FlaskClient, coding: str, status: int) -> None:
    named = {"document": "doc", "thread": "main"}
    headers = {"Content-Encoding": coding}
    answer = sqlite_client.post("/signature/verify", json=named, headers=headers)
    assert answer.status_code == status
