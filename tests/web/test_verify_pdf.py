"""Anyone's page: cards, and PDFs with signatures inside."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.api.evident import CONTENT, sign, text, work
from tests.api.evident import NAMED as THREAD
from tests.conftest import AppMaker
from tests.evidence.services import Services
from tests.pdf.test_other_files import OFFERED
from tests.pdf.writing import Draft, resign
from tests.web.browsing import words
from tests.web.test_verify_page import verify
from tests.web.test_version_page import UNKNOWN, VALID, verdicts


@pytest.fixture(name="trusting_root")
def client_that_trusts_the_root(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path
) -> FlaskClient:
    folder = people.trust(tmp_path / "trust", pki.root(), pki.authority())
    people.publish(folder)
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(folder)).test_client()


@pytest.fixture(name="maker")
def client_that_makes_cards(
    start_app: AppMaker, sqlite_url: str, services: Services, tmp_path: Path
) -> FlaskClient:
    app = start_app(DATABASE_URL=sqlite_url, **services.settings(tmp_path))
    client = app.test_client()
    cms = text(sign(services, services.person, services.colleague(2)))
    assert client.post("/signature", json={**THREAD, "cms": cms}).status_code == 201
    work(app)
    return client


def change(card: bytes, data: bytes, number: int = 0) -> bytes:
    """Write other bytes into an attached file."""
    with pikepdf.open(BytesIO(card)) as pdf, BytesIO() as changed:
        pdf.Root.Names.EmbeddedFiles.Names[2 * number + 1].EF.F.write(data)
        pdf.save(changed)
        return changed.getvalue()


def test_a_card_is_verified_as_a_whole_and_signature_by_signature(maker: FlaskClient) -> None:
    card = maker.get("/signature/card", query_string=THREAD).data
    html = verify(maker, signature=card)
    assert verdicts(html) == ["yes", "yes", "yes"]
    assert "The card is valid" in html
    assert "Signature in the attached file 1.cms" in html
    assert ["signer-1" in html, "signer-2" in html, "signer-3" in html] == [True, True, False]
    assert "900101300017" not in html
    for language, title in (("ru", "Карточка действительна"), ("kk", "Карточка жарамды")):
        assert title in verify(maker, query=f"?lang={language}", signature=card)
    html = verify(maker, 400, signature=card, document=CONTENT)
    assert "is not compared with another file" in html
    html = verify(maker, signature=change(card, CONTENT + b"!"))
    assert verdicts(html) == ["no", "no", "no"]
    assert "The card is not valid" in html
    html = verify(maker, signature=change(card, b"no signature", 1))
    assert verdicts(html) == ["no", "no", "yes"]
    assert "the attached file is no signature" in html


@pytest.mark.attacks
def test_a_card_with_a_file_that_nobody_signed_is_not_valid(maker: FlaskClient) -> None:
    card = maker.get("/signature/card", query_string=THREAD).data
    with pikepdf.open(BytesIO(card)) as pdf, BytesIO() as file:
        OFFERED["annotation"](pdf)
        pdf.save(file)
        forged = file.getvalue()
    html = verify(maker, signature=forged)
    assert verdicts(html) == ["unknown", "yes", "yes"]
    assert "the PDF offers other files than the attached ones" in words(html)
    answer = maker.post("/card/verify", data=forged, content_type="application/pdf")
    found = answer.get_json()["content"]["card"]
    assert found["trusted"]["answer"] == found["structure"]["answer"] == "unknown"


def test_a_card_of_which_nothing_is_known_is_neither_valid_nor_not(
    maker: FlaskClient, start_app: AppMaker, sqlite_url: str
) -> None:
    card = maker.get("/signature/card", query_string=THREAD).data
    stranger = start_app(DATABASE_URL=sqlite_url).test_client()
    html = verify(stranger, signature=card)
    assert verdicts(html) == ["unknown", "unknown", "unknown"]
    assert UNKNOWN in html


def test_the_signatures_in_a_pdf_and_what_was_changed_after_them(
    trusting_root: FlaskClient,
) -> None:
    draft = Draft()
    draft.sign()
    signed = draft.data
    html = verify(trusting_root, signature=signed)
    assert verdicts(html) == ["yes", "yes"]
    assert VALID in html
    assert "Signature in the field S10" in html
    assert f"The PDF itself, {len(signed)} bytes." in html
    assert people.IIN not in html
    draft.change({4: b"<< /Length 0 >>\nstream\n\nendstream"})
    html = verify(trusting_root, signature=draft.data)
    assert verdicts(html) == ["unknown", "unknown"]
    assert "after signing, the PDF was changed: its pages" in html
    broken = signed.replace(b"BT ET", b"BT  T")
    assert verdicts(verify(trusting_root, signature=broken)) == ["no", "no"]


@pytest.mark.attacks
def test_a_second_signer_of_one_signature_is_named(trusting_root: FlaskClient) -> None:
    draft = Draft()
    draft.sign()
    html = verify(
        trusting_root, signature=resign(draft.data, pki.person(), pki.person("ПЕТРОВА АННА"))
    )
    assert verdicts(html) == ["unknown", "unknown"]
    assert "the CMS in the PDF has 2 signers, where one alone is allowed" in words(html)


@pytest.mark.attacks
def test_scripts_of_a_signed_pdf_are_named(trusting_root: FlaskClient) -> None:
    draft = Draft(catalog=b"/OpenAction << /S /JavaScript /JS (x) >>")
    draft.sign()
    html = verify(trusting_root, signature=draft.data)
    assert verdicts(html) == ["yes", "yes"]
    assert "the document has scripts, or actions that open other files" in words(html)


def test_a_document_timestamp_and_an_unsupported_kind(trusting_root: FlaskClient) -> None:
    draft = Draft()
    draft.sign(subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")
    html = verify(trusting_root, signature=draft.data)
    assert "Document timestamp in the field S10" in html
    assert "Time of the timestamp: " in html
    draft.sign(subfilter=b"/adbe.pkcs7.sha1")
    html = verify(trusting_root, signature=draft.data)
    assert verdicts(html)[0] == verdicts(html)[-1] == "unknown"
    assert "signatures of the kind /adbe.pkcs7.sha1 are not supported" in words(html)


@pytest.mark.attacks
def test_the_time_of_a_timestamp_by_nobody_is_not_shown(pages: FlaskClient) -> None:
    draft = Draft()
    draft.sign(subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")
    html = verify(pages, signature=draft.data)
    assert "Document timestamp in the field S10" in html
    assert "Time of the timestamp" not in html


def test_a_pdf_without_signatures_is_refused_with_advice(pages: FlaskClient) -> None:
    plain = Draft().data
    assert "This PDF has no signatures inside" in verify(pages, 400, signature=plain)
    with pikepdf.open(BytesIO(plain)) as pdf, BytesIO() as file:
        for name in ("a.txt", "b.txt"):
            pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, b"data", filename=name)
        pdf.save(file)
        attached = file.getvalue()
    assert "This PDF has no signatures inside" in verify(pages, 400, signature=attached)
    assert "The PDF is damaged" in verify(pages, 400, signature=b"%PDF-1.7 junk")
