"""Cards of electronic documents: what is stored as one, and anybody's verified."""

from __future__ import annotations

import shutil
from base64 import b64encode
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from time import thread_time_ns

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cms import Answer, SignedData, cpu_time_ns, parse, parse_der
from app.cms.asn1.node import read_node
from app.cms.augmentation.additions import Additions, add
from app.cms.revocation.values import (
    REVOCATION_VALUES,
    basic_response,
    encode_attribute,
    encode_revocation_values,
)
from app.services import card_signatures
from app.services.cards import verify_sent_pdf
from tests import pki
from tests.api import people
from tests.api.asking import content_of, message_of, save
from tests.api.evident import CONTENT, NAMED, sign, text, work
from tests.conftest import AppMaker
from tests.evidence.services import Services
from tests.pdf.writing import Draft

TITLES = {
    "ru": "Карточка электронного документа",
    "kk": "Электрондық құжат карточкасы",
    "en": "Card of an electronic document",
}


@pytest.fixture(name="app")
def app_with_evidence(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    settings = services.settings(tmp_path, TIMEZONE="Asia/Almaty", CARD_ACT="Правила")
    return make_app(**settings)


@pytest.fixture(name="client")
def client_with_evidence(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(name="sqlite_app")
def app_on_sqlite(
    start_app: AppMaker, sqlite_url: str, services: Services, tmp_path: Path
) -> Flask:
    return start_app(DATABASE_URL=sqlite_url, **services.settings(tmp_path))


@pytest.fixture(name="sqlite_client")
def client_on_sqlite(sqlite_app: Flask) -> FlaskClient:
    return sqlite_app.test_client()


def fetch(client: FlaskClient, **more: str) -> TestResponse:
    return client.get("/signature/card", query_string={**NAMED, **more})


def card_of(answer: TestResponse) -> bytes:
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/pdf"
    data: bytes = answer.data
    answer.close()
    return data


def files_in(card: bytes) -> list[tuple[str, bytes]]:
    with pikepdf.open(BytesIO(card)) as pdf:
        listed = list(pdf.Root.Names.EmbeddedFiles.Names)
        return [(str(one.UF), one.EF.F.read_bytes()) for one in listed[1::2]]


def trusted(client: FlaskClient, card: bytes) -> str:
    answer = client.post("/card/verify", data=card, content_type="application/pdf")
    found: str = content_of(answer)["card"]["trusted"]["answer"]
    return found


def test_a_version_becomes_a_card_once_its_evidence_is_there(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    other = services.colleague(2)
    save(client, cms=text(sign(services, services.person, other)))
    lack = message_of(fetch(client), 409)
    assert lack == ("There is no card: signer 1 has no timestamp; signer 2 has no timestamp")
    work(app)
    answer = fetch(client, lang="ru")
    etag = answer.headers["ETag"]
    assert answer.headers["Content-Language"] == "ru"
    card = card_of(answer)
    assert card_of(fetch(client, lang="ru")) == card
    again = client.get(
        "/signature/card", query_string={**NAMED, "lang": "ru"}, headers={"If-None-Match": etag}
    )
    assert again.status_code == 304
    (name, document), *signatures = files_in(card)
    assert (name, document) == ("doc.txt", CONTENT)
    signers = [parse_der(cms).signers for _, cms in signatures]
    assert [len(one) for one in signers] == [1, 1]
    assert {one.certificate.der for [one] in signers} == {
        services.person.certificate,
        other.certificate,
    }
    content = content_of(client.post("/card/verify", data=card, content_type="application/pdf"))
    found = content["card"]
    assert found["trusted"]["answer"] == found["structure"]["answer"] == "yes"
    assert found["document"]["name"] == "doc.txt"
    for one in found["signatures"]:
        assert one["card_form"]["answer"] == "yes"
        [signer] = one["verification"]["signers"]
        assert signer["decisive_time_source"] == "timestamp"
        assert signer["verified"]["iin"] == "900101300017"


@pytest.mark.attacks
def test_what_the_sender_put_into_a_signature_is_no_fact_on_its_pages(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    """It is a response and a CRL in the name of the signer's authority, by another key."""
    cms = parse(text(sign(services, services.person)))
    assert isinstance(cms, SignedData)
    who, old = services.person, datetime(2019, 5, 5, tzinfo=UTC)
    forger = pki.certify(who.issuer, pki.rsa_key("evil"), None, pki.AUTHORITY)
    response = pki.ocsp(forger, who.serial, this_update=old)
    listed = pki.crl(forger, this_update=old, next_update=datetime(2035, 1, 1, tzinfo=UTC))
    values = encode_revocation_values([listed], [basic_response(response)])
    forged = Additions({1: [encode_attribute(REVOCATION_VALUES, values)]})
    save(client, cms=b64encode(add(read_node(cms.der), forged)).decode())
    work(app)
    card = card_of(fetch(client, lang="en"))
    with pypdfium2.PdfDocument(card) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    assert trusted(client, card) == "yes"
    shown = " ".join(" ".join(pages).split())
    assert shown.count("Response of the OCSP responder") == 1
    assert "05.05.2019" not in shown
    assert "not in the list" not in shown


def test_the_languages_of_a_card(
    sqlite_app: Flask, sqlite_client: FlaskClient, services: Services
) -> None:
    save(sqlite_client, cms=text(sign(services)))
    work(sqlite_app)
    for language, title in TITLES.items():
        with pikepdf.open(BytesIO(card_of(fetch(sqlite_client, lang=language)))) as pdf:
            assert str(pdf.docinfo["/Title"]) == f"{title}: doc.txt"
    headers = {"Accept-Language": "kk"}
    answer = sqlite_client.get("/signature/card", query_string=NAMED, headers=headers)
    assert answer.headers["Content-Language"] == "kk"
    assert "lang" in message_of(fetch(sqlite_client, lang="de"))


def test_the_document_of_a_detached_signature_is_sent_along(
    sqlite_app: Flask, sqlite_client: FlaskClient, services: Services
) -> None:
    save(sqlite_client, cms=text(sign(services, attached=False)))
    work(sqlite_app)
    assert '"data" parameter must be set' in message_of(fetch(sqlite_client))
    form = {**NAMED, "name": "Договор.doc", "data": (BytesIO(CONTENT), "x")}
    card = card_of(sqlite_client.post("/signature/card", data=form))
    assert files_in(card)[0] == ("Договор.doc", CONTENT)
    assert trusted(sqlite_client, card) == "yes"
    sent = {**NAMED, "data": b64encode(CONTENT).decode()}
    assert files_in(card_of(sqlite_client.post("/signature/card", json=sent)))[0][1] == CONTENT
    other = {**NAMED, "data": (BytesIO(b"another document"), "x")}
    refused = message_of(sqlite_client.post("/signature/card", data=other), 409)
    assert refused.startswith("There is no card: signer 1: ")
    program = {**NAMED, "name": "a.exe", "data": (BytesIO(CONTENT), "x")}
    assert "is a program" in message_of(sqlite_client.post("/signature/card", data=program), 409)


def test_a_document_that_is_kept_need_not_be_sent_again(
    make_app: AppMaker, services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(**services.settings(tmp_path), KEEP_CONTENT="on")
    client = app.test_client()
    data = {"data": b64encode(CONTENT).decode(), "data_name": "Договор.doc"}
    save(client, cms=text(sign(services, attached=False)), **data)
    work(app)
    card = card_of(fetch(client))
    assert files_in(card)[0] == ("Договор.doc", CONTENT)
    assert trusted(client, card) == "yes"
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", len(CONTENT) - 1)
    assert message_of(fetch(client), 409) == "There is no card: the document is too large for one"


def test_where_documents_are_away_there_is_no_card_but_with_one_that_is_sent(
    start_app: AppMaker, sqlite_url: str, services: Services, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    keeping = {"KEEP_CONTENT": "on", "CONTENT_STORE": f"file:{folder}"}
    app = start_app(DATABASE_URL=sqlite_url, **services.settings(tmp_path), **keeping)
    client = app.test_client()
    sent = b64encode(CONTENT).decode()
    save(client, cms=text(sign(services, attached=False)), data=sent)
    work(app)
    assert files_in(card_of(fetch(client, name="other.txt")))[0] == ("other.txt", CONTENT)
    shutil.rmtree(folder)
    assert "is not available" in message_of(fetch(client), 503)
    assert files_in(card_of(fetch(client, data=sent)))[0] == ("doc.txt", CONTENT)


def test_what_has_no_card(
    sqlite_client: FlaskClient,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(sqlite_client, cms=pki.sign_xml())
    assert "only CMS" in message_of(fetch(sqlite_client), 409)
    assert message_of(fetch(sqlite_client, document="none"), 404)
    two = {"document": "two", "thread": "main"}
    cms = sign(services, services.person, services.colleague(2))
    sqlite_client.post("/signature", json={**two, "cms": text(cms)})
    with monkeypatch.context() as patched:
        patched.setattr(card_signatures, "MAX_SIGNERS", 1)
        assert "more than 1 signers" in message_of(fetch(sqlite_client, **two), 409)
    monkeypatch.setattr(card_signatures, "MAX_SECONDS", -1.0)
    assert "too much time" in message_of(fetch(sqlite_client, **two))


def test_a_changed_card_is_not_trusted(
    sqlite_app: Flask, sqlite_client: FlaskClient, services: Services
) -> None:
    save(sqlite_client, cms=text(sign(services)))
    work(sqlite_app)
    card = card_of(fetch(sqlite_client))
    with pikepdf.open(BytesIO(card)) as pdf, BytesIO() as changed:
        pdf.Root.Names.EmbeddedFiles.Names[1].EF.F.write(CONTENT + b"!")
        pdf.save(changed)
        altered = changed.getvalue()
    assert trusted(sqlite_client, card) == "yes"
    assert trusted(sqlite_client, altered) == "no"
    # A card of this server, in base64, and as a file of a form.
    sent = {"card": b64encode(card).decode()}
    form = {"card": (BytesIO(card), "card.pdf")}
    for answer in (
        sqlite_client.post("/card/verify", json=sent),
        sqlite_client.post("/card/verify", data=form),
    ):
        assert content_of(answer)["card"]["trusted"]["answer"] == "yes"


def test_the_time_of_the_process_that_reads_a_pdf_is_the_caller_s(
    start_app: AppMaker, sqlite_url: str
) -> None:
    app = start_app(DATABASE_URL=sqlite_url)
    with app.test_request_context():
        before, own = cpu_time_ns(), thread_time_ns()
        assert verify_sent_pdf(Draft().data) == ()
        own = thread_time_ns() - own
        assert cpu_time_ns() - before - own >= 20_000_000


def test_what_is_no_card_is_refused(anchored: FlaskClient) -> None:
    for sent, expected in (
        ({}, '"card" parameter must be set'),
        ({"card": "%%%"}, '"card" parameter must be base64, or a file'),
        ({"card": b64encode(b"%PDF-1.7 junk").decode()}, "The PDF is damaged, or it is none"),
    ):
        assert message_of(anchored.post("/card/verify", json=sent)) == expected


def test_a_pdf_is_verified_with_the_anchors_of_the_server(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path
) -> None:
    folder = people.trust(tmp_path / "trust", pki.root(), pki.authority())
    app = start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(folder))
    draft = Draft()
    draft.sign()
    draft.sign(subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")
    with app.app_context():
        one, stamp = verify_sent_pdf(draft.data)
    assert one.path.answer is one.valid.answer is one.whole_document.answer is Answer.YES
    assert stamp.timestamp is not None
    assert stamp.timestamp.gen_time is not None


def test_a_card_has_a_link_to_its_version_if_wanted(
    sqlite_app: Flask, sqlite_client: FlaskClient, services: Services
) -> None:
    save(sqlite_client, cms=text(sign(services)))
    save(sqlite_client, document="other", cms=text(sign(services)))
    work(sqlite_app)
    token, other = (
        sqlite_client.post("/signature/link", json={**NAMED, "document": one}).get_json()
        for one in ("doc", "other")
    )
    made, foreign = token["content"]["link"], other["content"]["link"]
    card = card_of(fetch(sqlite_client, link=made["token"]))
    assert card_of(fetch(sqlite_client, link=made["token"])) == card
    assert card != card_of(fetch(sqlite_client))
    assert made["url"] in codes_on_first_page(card)
    assert trusted(sqlite_client, card) == "yes"
    for wrong in (foreign["token"], "x"):
        assert '"link" parameter' in message_of(fetch(sqlite_client, link=wrong), 400)
    query = {**NAMED, "link": made["id"]}
    assert sqlite_client.delete("/signature/link", query_string=query).status_code == 200
    message_of(fetch(sqlite_client, link=made["token"]), 400)


def codes_on_first_page(card: bytes) -> list[str]:
    """Return the texts of the QR codes on the first page."""
    with pypdfium2.PdfDocument(card) as document:
        image = document[0].render(scale=150 / 72).to_pil()
    return [one.text for one in zxingcpp.read_barcodes(image)]
