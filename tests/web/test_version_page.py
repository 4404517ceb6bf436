"""One version: the verdict then and now, the reader's copy, and downloads."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.extensions import db
from app.store.models import Version
from tests import pki
from tests.api import people
from tests.api.asking import save
from tests.api.test_xml_signers import letter
from tests.conftest import AppMaker
from tests.pki import CONTENT, NOT_BEFORE
from tests.web.browsing import ACCEPT, ORIGIN, see, text_of, words

ADDRESS = "/app/version?document=doc&thread=main&version=1"
VALID, NOT_VALID, UNKNOWN = (
    "The signature is valid",
    "The signature is not valid",
    "Could not be established",
)


def verdicts(html: str) -> list[str]:
    """Return the classes of the verdicts that a page shows."""
    return [part.partition('"')[0] for part in html.split('<section class="verdict ')[1:]]


def compare(client: FlaskClient, address: str = ADDRESS, **fields: object) -> str:
    """Send a copy of the document, or hashes of it, and return the page."""
    headers = {"Accept": ACCEPT, "Origin": ORIGIN}
    sent = {
        name: (BytesIO(value), f"{name}.bin") if isinstance(value, bytes) else value
        for name, value in fields.items()
    }
    response = client.post(address, data=sent, content_type="multipart/form-data", headers=headers)
    return text_of(response)


def test_an_attached_signature_is_valid_then_and_now(office: FlaskClient) -> None:
    save(office, cms=people.cms(people.chief()))
    html = see(office, ADDRESS)
    assert verdicts(html) == ["yes", "yes"]
    text = words(html)
    assert text.count(VALID) == 2
    assert people.CHIEF_IIN in text
    assert "head of the organisation" in text
    assert "by the clock of this server, when it was saved" in text


def test_a_proven_no_is_red_and_says_which_question(office: FlaskClient) -> None:
    save(office, cms=people.altered_cms(people.ivan()))
    html = see(office, ADDRESS)
    assert verdicts(html) == ["no", "no"]
    assert "by the answer no to: Is the document what was signed?" in words(html)


def test_a_detached_signature_is_unknown_until_a_copy_is_given(office: FlaskClient) -> None:
    save(office, cms=people.cms(people.ivan(), attached=False))
    html = see(office, ADDRESS)
    assert verdicts(html) == ["unknown", "unknown"]
    assert "Give the document that was signed" in html
    assert 'data-algorithms="SHA-256"' in html
    digest = sha256(CONTENT).hexdigest()
    for fields in ({"document": CONTENT}, {"digests": f"SHA-256:{digest}"}):
        html = compare(office, **fields)
        assert verdicts(html) == ["yes", "yes"]
        assert "Your copy is what was signed." in html
    html = compare(office, digests="SHA-512:" + "0" * 128)
    assert verdicts(html) == ["unknown", "unknown"]
    assert "could not be established" in html


def test_a_wrong_copy_changes_no_verdict(office: FlaskClient) -> None:
    signature = people.cms(people.ivan(), attached=False)
    save(office, cms=signature)
    for document in (b"other", b64decode(signature)):
        html = compare(office, document=document)
        assert verdicts(html) == ["unknown", "unknown"]
        assert '<div class="sheet answer no" role="status">' in html
    assert "This file is the signature" in html
    assert "That says nothing against the signature" in compare(office, document=b"other")


def test_without_signed_attributes_only_the_document_itself_will_do(office: FlaskClient) -> None:
    info = pki.signer_info(people.ivan(), CONTENT, signed=None)
    der = pki.signed_data([info], [people.ivan(), pki.authority()], None)
    save(office, cms=b64encode(der).decode())
    html = see(office, ADDRESS)
    assert html.count("Give the document that was signed, as a file.") == 2
    assert 'data-algorithms=""' in html
    html = compare(office, digests=f"SHA-256:{sha256(CONTENT).hexdigest()}")
    assert "Send the document itself, not only its hash." in html
    assert verdicts(html) == ["unknown", "unknown"]
    html = compare(office, document=b"other")
    assert verdicts(html) == ["unknown", "unknown"]
    assert "Your copy is not what was signed." in html
    assert verdicts(compare(office, document=CONTENT)) == ["yes", "yes"]


def test_a_wrong_copy_says_nothing_about_an_attached_signature(office: FlaskClient) -> None:
    save(office, cms=people.cms(people.ivan()))
    html = compare(office, document=b"other")
    assert verdicts(html) == ["yes", "yes"]
    assert "Your copy is not what was signed." in html
    assert "Your copy is what was signed." in compare(office, document=CONTENT)


def test_signed_xml_is_compared_with_the_file_itself(office: FlaskClient) -> None:
    text = letter(people.ivan())
    save(office, cms=text)
    html = see(office, ADDRESS)
    assert 'data-algorithms="SHA-256"' in html
    assert "contains its signature" in html
    digest = sha256(text.encode()).hexdigest()
    assert "Your copy is what was signed." in compare(office, digests=f"SHA-256:{digest}")
    assert "Your copy is what was signed." in compare(office, document=text.encode())
    assert "is not what was signed." in compare(office, document=text.encode() + b" ")
    assert "could not be established" in compare(office, digests="SHA-512:" + "0" * 128)


def test_then_and_now_differ_where_the_certificate_has_ended(
    trusting: Flask, office: FlaskClient
) -> None:
    save(office, cms=people.cms(people.expired()))
    then = people.ENDED - timedelta(days=30)
    with trusting.app_context(), db.engine.begin() as connection:
        connection.execute(update(Version).values(created_at=then))
    html = see(office, ADDRESS)
    assert verdicts(html) == ["yes", "unknown"]
    assert "The same as of now" in html


def test_whom_a_revoked_authority_names_is_not_proven(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path
) -> None:
    folder = people.trust(tmp_path / "below the root", pki.root())
    people.publish(folder)
    revoked = pki.Revoked(pki.authority().serial, NOT_BEFORE + timedelta(days=1), 2)
    crl = pki.crl(pki.root(), revoked, this_update=NOT_BEFORE, next_update=people.FUTURE)
    (folder / "root.crl").write_bytes(crl)
    office = start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(folder)).test_client()
    save(office, cms=people.cms(people.chief()))
    html = see(office, ADDRESS)
    assert verdicts(html) == ["no", "no"]
    assert "So the certificate says; it is not proven." in html


def test_without_an_anchor_nothing_is_valid(pages: FlaskClient) -> None:
    save(pages, cms=people.cms(people.ivan()))
    html = see(pages, ADDRESS)
    assert verdicts(html) == ["unknown", "unknown"]
    assert "So the certificate says; it is not proven." in html
    assert 'class="verdict yes' not in html


def test_what_is_no_signature_has_a_page_too(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, CMS_VALIDATION="off").test_client()
    save(client, cms="any text")
    html = see(client, ADDRESS)
    assert 'role="alert"' in html
    assert verdicts(html) == []


def test_the_file_is_the_one_that_was_saved(office: FlaskClient) -> None:
    save(office, cms=people.cms(people.ivan()))
    assert "/app/file?document=doc&amp;thread=main&amp;version=1" in see(office, ADDRESS)
    given = office.get("/app/file?document=doc&thread=main&version=1")
    assert given.data == office.get("/signature/file?document=doc&thread=main").data
    assert given.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("query", ["document=doc&thread=main&version=2", "document=doc", "x=1"])
def test_what_is_not_there_is_not_found(office: FlaskClient, query: str) -> None:
    save(office)
    see(office, f"/app/version?{query}", 404)


def test_a_copy_from_another_site_is_refused(office: FlaskClient) -> None:
    save(office)
    headers = {"Accept": ACCEPT, "Origin": "https://evil.kz"}
    assert office.post(ADDRESS, headers=headers).status_code == 403


CLAIM = "So the certificate says; it is not proven."


def test_a_name_stands_without_the_remark_only_if_all_answers_are_yes(office: FlaskClient) -> None:
    save(office, cms=people.cms(people.ivan()))
    html = see(office, ADDRESS)
    assert CLAIM not in html
    assert '<h3 id="signer-1">1. ИВАНОВ ИВАН ИВАНОВИЧ</h3>' in html
    assert "Алгоритм RSA с SHA-256" in words(see(office, f"{ADDRESS}&lang=ru"))
    altered = people.altered_cms(people.ivan())
    save(office, document="act", cms=altered)
    address = "/app/version?document=act&thread=main&version=1"
    assert CLAIM in see(office, address)
    asked = office.post("/signature/verify", json={"document": "act", "thread": "main"}).get_json()
    [signer] = asked["content"]["verification"]["signers"]
    assert signer["verified"] is None


def test_answers_about_revocation_can_t_be_misread(office: FlaskClient, trust_folder: Path) -> None:
    save(office, cms=people.cms(people.chief()))
    assert "Yes, none was revoked" in words(see(office, ADDRESS))
    for language, no in (
        ("ru", "над ним? Нет, есть отозванный"),
        ("kk", "рас па? Жоқ, кері қайтарып алынғаны бар"),
        ("en", "above it? No, one was revoked"),
    ):
        people.publish(trust_folder, pki.Revoked(people.chief().serial, NOT_BEFORE, 1))
        assert no in words(see(office, f"{ADDRESS}&lang={language}"))


def test_all_times_are_written_alike(
    start_app: AppMaker, sqlite_url: str, trust_folder: Path
) -> None:
    people.publish(trust_folder, pki.Revoked(people.chief().serial, NOT_BEFORE, 1))
    settings = {"TRUST_DIR": str(trust_folder), "TIMEZONE": "Asia/Almaty"}
    office = start_app(DATABASE_URL=sqlite_url, **settings).test_client()
    save(office, cms=people.cms(people.chief()))
    text = words(see(office, ADDRESS))
    assert re.search(r"ПЕТРОВА АННА was revoked on [-0-9]{10} [:0-9]{8} \(UTC\+0[56]:00\)", text)
    assert not re.search(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?! \(UTC)", text)
