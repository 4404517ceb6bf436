"""The page behind a signer's link without a browser: each state, and what forms bring about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.cms import parse_der
from app.extensions import db
from app.store.database.engine import transaction
from app.store.packages.decisions import revoke_links
from tests import pki
from tests.api import people
from tests.api.asking import message_of
from tests.api.people import chief, ivan
from tests.api.test_xml_signers import letter
from tests.conftest import AppMaker
from tests.pki import CONTENT
from tests.signing.kept import keep
from tests.web.browsing import ACCEPT, ORIGIN, see, send, text_of, words

PUBLIC = "https://office.example.kz"
SHA256 = sha256(CONTENT).hexdigest()


@pytest.fixture(name="office")
def app_with_anchors(start_app: AppMaker, sqlite_url: str, tmp_path: Path) -> Flask:
    """Provide an application that trusts the authority, and knows its public address."""
    trust = people.trust(tmp_path / "trust", pki.root(), pki.authority())
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(trust), PUBLIC_URL=PUBLIC)


@pytest.fixture(name="client")
def client_of_office(office: Flask) -> FlaskClient:
    """Provide a client of it."""
    return office.test_client()


def ask(client: FlaskClient, **more: Any) -> tuple[str, list[str]]:
    """Add a package; return its UUID, and the paths of its signers' links."""
    given = {
        "name": "Loan",
        "type": "concurrent",
        "state": "open",
        "thread": "main",
        "generateSignerLinks": True,
        "documents": [{"externalId": "doc", "name": "Contract", "sha256": SHA256}],
        "signers": [
            {"lastName": "ИВАНОВ", "iin": people.IIN},
            {"lastName": "ПЕТРОВА", "iin": people.CHIEF_IIN, "bin": people.BIN},
        ],
        **more,
    }
    answer = client.post("/packages/add", json=given).get_json()
    links = [one["signLink"]["link"] for one in answer["package"]["signers"]]
    return answer["packageId"], [one.removeprefix(PUBLIC) for one in links]


def file(content: bytes, name: str = "signature.p7s") -> tuple[BytesIO, str]:
    return BytesIO(content), name


def upload(client: FlaskClient, path: str, signature: str, **more: Any) -> TestResponse:
    see(client, path)
    return send(client, path, {"signature-1": file(signature.encode()), **more})


def cms(*signers: pki.Holder, content: bytes = CONTENT) -> str:
    return people.cms(*signers, content=content, attached=False)


def test_the_page_says_who_asks_whom_to_sign_what(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    response = client.get(first, headers={"Accept": ACCEPT})
    said = words(text_of(response))
    for one in ("You are asked to sign", "Loan", "office.example.kz", "Contract", SHA256):
        assert one in said
    assert "••••••••0017" in said
    assert people.IIN not in said
    policy = response.headers["Content-Security-Policy"]
    assert "connect-src 'self' wss://127.0.0.1:13579;" in policy
    assert "frame-src 'self'" in policy
    assert response.headers["X-Robots-Tag"] == "noindex"


def test_the_name_of_who_asks_is_a_setting(start_app: AppMaker, sqlite_url: str) -> None:
    app = start_app(DATABASE_URL=sqlite_url, PUBLIC_URL=PUBLIC, ORGANIZATION_NAME="ТОО ПРИМЕР")
    client = app.test_client()
    _, [first, _] = ask(client)
    assert "ТОО ПРИМЕР" in words(see(client, first))


def test_an_upload_is_saved_and_the_page_says_what_is_not_known(client: FlaskClient) -> None:
    _, [first, second] = ask(client)
    response = upload(client, first, cms(ivan()))
    assert response.status_code == 303
    address = response.headers["Location"]
    assert address == f"{first}?marks=revocation.timestamp"
    said = words(see(client, address))
    assert "You have signed" in said
    assert "Your signature has no timestamp." in said
    assert upload(client, second, cms(chief())).status_code == 303
    assert "Everybody has signed" in words(see(client, f"{first}?marks=nothing"))


def test_a_script_gets_json(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    see(client, first)
    wanted = {"Accept": "application/json"}
    fields = {"signature-1": file(cms(chief()).encode()), "method": "ncalayer"}
    refused = send(client, first, fields, **wanted)
    assert refused.status_code == 400
    [one] = refused.get_json()["documents"]
    assert (one["number"], one["saved"]) == (1, False)
    assert "somebody else" in refused.get_json()["message"]
    fields["signature-1"] = file(cms(ivan()).encode())
    saved = send(client, first, fields, **wanted)
    assert saved.status_code == 200
    assert saved.get_json()["next"] == f"{first}?marks=revocation.timestamp"
    again = send(client, first, {"signature-1": file(b"x")}, **wanted)
    assert (again.status_code, again.get_json()["documents"]) == (400, [])
    [version] = client.get("/v1/persons/900101300017/signings").get_json()
    assert version["method"] == "ncalayer"


def test_a_file_that_is_no_text_is_refused_on_the_form(client: FlaskClient) -> None:
    """Such as the document itself, chosen by mistake."""
    _, [first, _] = ask(client)
    see(client, first)
    response = send(client, first, {"signature-1": file(b"%PDF-1.7\xff\xfe")})
    assert "no signature in CMS format" in words(text_of(response, 400))


def test_several_documents_are_signed_at_once_and_each_on_its_own(client: FlaskClient) -> None:
    both = [{"externalId": code, "name": code, "sha256": SHA256} for code in ("a", "b")]
    _, [first, _] = ask(client, documents=both)
    see(client, first)
    fields = {"signature-1": file(cms(ivan()).encode()), "signature-2": file(b"nothing")}
    response = send(client, first, fields)
    said = words(text_of(response, 400))
    assert "no signature in CMS format" in said
    assert "is here" in said
    assert 'name="signature-1"' not in see(client, first)
    assert 'name="signature-2"' in see(client, first)


def test_who_declines_says_why_and_the_families_know(client: FlaskClient) -> None:
    package, [first, _] = ask(client)
    see(client, first)
    response = send(client, f"{first}/decline", {"reason": "  "})
    assert "Say why you decline." in words(text_of(response, 400))
    response = send(client, f"{first}/decline", {"reason": "The price is wrong"})
    assert (response.status_code, response.headers["Location"]) == (303, first)
    said = words(see(client, first))
    assert "You have declined to sign" in said
    assert "The price is wrong" in said
    assert 'id="sign"' not in see(client, first)
    response = upload(client, first, cms(ivan()))
    assert "can't be signed by this link any more" in words(text_of(response, 400))
    assert client.post(
        "/signature", data={"document": "doc", "thread": "main", "cms": cms(chief())}
    )
    office = words(see(client, "/app/thread?document=doc&thread=main"))
    assert "ИВАНОВ declined to sign on " in office
    assert "The price is wrong" in office
    [signing] = client.get(f"/v1/persons/{people.CHIEF_IIN}/signings").get_json()
    assert (signing["status"], signing["state"]) == ("failed", "failed")
    assert client.get(f"/packages/{package}/status").get_json()["state"] == "open"
    # Who declined signs after all, elsewhere: no family goes on saying otherwise.
    both = {"document": "doc", "thread": "main", "cms": cms(ivan(), chief()), "version": "1"}
    assert client.post("/signature", data=both).status_code == 201
    assert client.get(f"/packages/{package}/status").get_json()["state"] == "executed"
    [signing] = client.get(f"/v1/persons/{people.CHIEF_IIN}/signings").get_json()
    assert (signing["status"], signing["state"]) == ("finished", "successful")


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"state": "draft"}, 200, "not sent yet"),
        ({"type": "Sequential"}, 200, "not your turn yet"),
    ],
)
def test_a_link_that_can_t_be_used_yet_says_so(
    client: FlaskClient, more: dict[str, Any], status: int, said: str
) -> None:
    _, [_, second] = ask(client, **more)
    html = see(client, second, status)
    assert said in words(html)
    assert 'id="sign"' not in html


def test_a_link_that_can_t_be_used_any_more_says_why(office: Flask, client: FlaskClient) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    package, [first, second] = ask(client, timeSignBy=ends.isoformat())
    assert "Until" in words(see(client, first))
    with office.app_context(), transaction(db.engine) as connection:
        revoke_links(connection, package, 1)
    assert "This link was revoked" in words(see(client, first, 410))
    with office.app_context(), transaction(db.engine) as connection:
        connection.execute(text("UPDATE packages SET sign_by = '2026-01-01 00:00:00'"))
    said = words(see(client, second, 410))
    assert "The time to sign is over It ended on 2026-01-01" in said
    response = send(client, f"{second}/decline", {"reason": "late"})
    assert "any more" in words(text_of(response, 400))
    message = {"packageId": package, "rescindMessage": "Customer left"}
    client.post("/packages/rescind", json=message)
    said = words(see(client, second, 410))
    assert "cancelled Nothing is to be signed any more. The reason: Customer left" in said
    client.post("/packages/delete", json={"packageId": package})
    assert "This link is not known" in words(see(client, second, 404))


@pytest.mark.parametrize("data", [b"%PDF-1.7 x", CONTENT])
def test_a_document_that_is_kept_is_shown_and_can_do_nothing(
    office: Flask, client: FlaskClient, data: bytes
) -> None:
    code = {"externalId": "doc", "name": "Contract", "fileName": "договор.pdf"}
    package, [first, _] = ask(client, documents=[code])
    path = f"{first}/documents/1"
    message_of(client.get(path), 404)
    with office.app_context():
        keep(db.engine, package, data)
    html = see(client, first)
    assert sha256(data).hexdigest() in html
    assert f"{len(data)} bytes" in words(html)
    assert f'src="{path}"' in html
    assert 'name="document-1"' not in html
    response = client.get(path)
    assert response.data == data
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert response.headers["Cache-Control"] == "private, no-store"
    is_pdf = data.startswith(b"%PDF-")
    shown = "inline" if is_pdf else "attachment"
    assert response.headers["Content-Disposition"].startswith(f"{shown}; filename*=UTF-8''%D0")
    assert response.content_type == ("application/pdf" if is_pdf else "application/octet-stream")
    head = client.head(path)
    assert (head.data, head.content_length) == (b"", len(data))
    assert upload(client, first, cms(ivan(), content=data)).status_code == 303
    client.post("/packages/rescind", json={"packageId": package})
    message_of(client.get(path), 404)


def test_an_unknown_link_tells_nothing(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    forged = first[:-1] + ("A" if first[-1] != "A" else "B")
    assert "This link is not known" in words(see(client, forged, 404))
    message_of(client.get(forged), 404)
    see(client, first)
    for path in (forged, f"{forged}/decline"):
        assert "not known" in words(text_of(send(client, path, {"reason": "x"}), 404))


def test_a_file_for_no_document_of_the_link_is_refused(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    see(client, first)
    signature = cms(ivan()).encode()
    for fields, reason in (
        ({"signature-2": file(signature)}, '"signature-2" parameter is not read here'),
        ({"signature-1": signature.decode()}, '"signature-1" parameter must be a file'),
        (
            {"signature-1": [file(signature), file(b"other")]},
            '"signature-1" parameter must be given once',
        ),
    ):
        more = {"method": "upload", "document-1": file(CONTENT)}
        assert reason in words(text_of(send(client, first, {**more, **fields}), 400))
    assert "You are asked to sign" in words(see(client, first))


def test_forms_of_other_pages_are_refused(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    see(client, first)
    for headers in ({"Origin": "https://other.example"}, {"Origin": ORIGIN}):
        fields = {"reason": "x"}
        response = client.post(
            f"{first}/decline", data=fields, headers={**headers, "Accept": ACCEPT}
        )
        assert response.status_code == 403
    assert "You are asked to sign" in words(see(client, first))


def test_a_reason_that_can_t_be_kept_is_refused(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    see(client, first)
    said = words(text_of(send(client, f"{first}/decline", {"reason": "no\0"}), 400))
    assert '"reason" parameter must not contain NUL' in said
    assert "You are asked to sign" in words(see(client, first))


def test_links_open_without_a_token_where_tokens_are_needed(
    start_app: AppMaker, sqlite_url: str
) -> None:
    _, [first, _] = ask(start_app(DATABASE_URL=sqlite_url, PUBLIC_URL=PUBLIC).test_client())
    locked = start_app(DATABASE_URL=sqlite_url, PUBLIC_URL=PUBLIC, AUTH="on").test_client()
    html = see(locked, first)
    assert "You are asked to sign" in words(html)
    assert ">Signatures<" not in html


def test_a_role_and_an_organisation_are_shown_masked(client: FlaskClient) -> None:
    _, [_, second] = ask(client)
    said = words(see(client, second))
    assert "BIN ••••••••1234" in said


def test_a_signer_gets_the_own_signature_alone(client: FlaskClient) -> None:
    _, [first, second] = ask(client)
    assert client.get(f"{first}/signature/1").status_code == 404
    assert upload(client, second, cms(chief())).status_code == 303
    assert upload(client, first, cms(ivan())).status_code == 303
    address = f"{first}/signature/1"
    assert f'href="{address}" download' in see(client, first)
    answer = client.get(address)
    assert answer.mimetype == "application/pkcs7-signature"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="signature.p7s"'
    assert answer.headers["X-Robots-Tag"] == "noindex"
    found = parse_der(answer.data)
    assert [one.claims.iin for one in found.signers] == [people.IIN]
    assert found.content is None
    assert people.CHIEF_IIN.encode() not in answer.data
    assert [client.get(f"{first}/signature/{one}").status_code for one in (0, 2)] == [404, 404]
    assert client.get(f"/sign/{'A' * 40}/signature/1").status_code == 404


def test_of_a_thread_with_xml_there_is_no_signature_alone(client: FlaskClient) -> None:
    _, [first, _] = ask(client, documents=[{"externalId": "doc"}])
    sent = {"document": "doc", "thread": "main", "cms": letter(ivan())}
    assert client.post("/signature", data=sent).status_code == 201
    html = see(client, first)
    assert "You have signed" in words(html)
    assert f"{first}/signature/1" not in html
    assert client.get(f"{first}/signature/1").status_code == 404


def test_a_reason_that_is_too_long_is_refused_and_not_cut(client: FlaskClient) -> None:
    _, [first, _] = ask(client)
    see(client, first)
    response = send(client, f"{first}/decline", {"reason": "x" * 2001})
    assert "2000 characters at most" in words(text_of(response, 400))
    assert "You are asked to sign" in words(see(client, first))
