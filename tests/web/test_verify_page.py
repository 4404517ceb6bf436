"""Anyone's page: verdicts on files that are not stored here."""

from __future__ import annotations

import base64
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from app.cms import CmsError, TooCostly, UnsupportedAlgorithm
from app.pdf.errors import UnreadablePdf
from app.web import limits
from app.web.troubles import trouble_with_file, trouble_with_stored
from tests import pki
from tests.api import people
from tests.api.test_xml_signers import letter
from tests.conftest import AppMaker
from tests.pki import CONTENT, xml_signer
from tests.web.browsing import ACCEPT, ORIGIN, see, text_of, words
from tests.web.test_version_page import NOT_VALID, UNKNOWN, VALID, verdicts

DETACHED = pki.sign(people.ivan(), attached=False).der
ATTACHED = pki.sign(people.chief()).der


def verify(client: FlaskClient, status: int = 200, query: str = "", **fields: object) -> str:
    """Send files, and return the page."""
    sent = {
        name: (BytesIO(value), f"{name}.bin") if isinstance(value, bytes) else value
        for name, value in fields.items()
    }
    headers = {"Accept": ACCEPT, "Origin": ORIGIN}
    response = client.post(
        f"/verify{query}", data=sent, content_type="multipart/form-data", headers=headers
    )
    return text_of(response, status)


@pytest.mark.attacks
@pytest.mark.parametrize("pad", [1, 230])
def test_signed_xml_is_read_in_the_encoding_that_it_declares(office: FlaskClient, pad: int) -> None:
    root = etree.fromstring("<pay><to>Анне</to><sum>100+ADA-</sum></pay>")
    xml_signer.sign(root, people.ivan())
    bare = etree.tostring(root, encoding="unicode")

    def declaring(name: str) -> str:
        return f'<?xml version="1.0"{" " * pad}encoding="{name}"?>{bare}'

    for name in ("utf-8", "windows-1251", "koi8-r", "utf-16"):
        assert verdicts(verify(office, signature=declaring(name).encode(name))) == ["yes"]
    html = verify(office, signature=declaring("windows-1251").encode())
    assert verdicts(html) == ["no"]
    for name in ("utf-7", "gbk", "iso-2022-jp"):
        verify(office, 400, signature=declaring(name).encode())


@pytest.mark.parametrize("form", ["der", "base64", "pem"])
def test_an_attached_signature_is_verified_in_any_form(office: FlaskClient, form: str) -> None:
    text = base64.encodebytes(ATTACHED)
    pem = b"-----BEGIN CMS-----\n" + text + b"-----END CMS-----\n"
    html = verify(office, signature={"der": ATTACHED, "base64": text, "pem": pem}[form])
    assert verdicts(html) == ["yes"]
    assert VALID in words(html)


def test_the_numbers_of_persons_are_masked(office: FlaskClient) -> None:
    html = verify(office, signature=ATTACHED)
    assert people.CHIEF_IIN not in html
    assert "•" * 8 + people.CHIEF_IIN[-4:] in html


def test_the_hash_of_the_document_will_do(office: FlaskClient) -> None:
    html = verify(office, signature=DETACHED)
    assert verdicts(html) == ["unknown"]
    assert "Choose both files below" in html
    digest = sha256(CONTENT).hexdigest()
    digests = f"SHA-512:{'0' * 128} SHA-256:{digest}"
    html = verify(office, signature=DETACHED, digests=digests)
    assert verdicts(html) == ["yes"]
    assert digest in html


def test_the_document_itself_will_do_without_scripts(office: FlaskClient) -> None:
    assert verdicts(verify(office, signature=DETACHED, document=CONTENT)) == ["yes"]
    html = verify(office, signature=DETACHED, document=CONTENT + b"!")
    assert verdicts(html) == ["no"]
    assert NOT_VALID in html
    assert "the very file that was signed" in html


def test_a_timestamp_decides_by_its_authority_s_clock(office: FlaskClient) -> None:
    stamped = pki.sign(people.ivan(), stamped=True).der
    assert "by the clock of the timestamp authority TSA" in words(verify(office, signature=stamped))
    assert "by the clock of this server, now" in words(verify(office, signature=ATTACHED))


def test_signed_xml_is_its_own_document(office: FlaskClient) -> None:
    xml = letter(people.ivan()).encode()
    assert verdicts(verify(office, signature=xml)) == ["yes"]
    # One that is sent with it would be left out.
    for more in ({"document": b"other"}, {"digests": "SHA-256:" + "00" * 32}):
        html = verify(office, 400, signature=xml, **more)
        assert "is not compared with another file" in words(html)
        assert verdicts(html) == []


def test_a_forged_one_is_not_valid_and_an_impostor_unknown_at_best(office: FlaskClient) -> None:
    forged = base64.b64decode(people.forged_cms(people.ivan()))
    assert verdicts(verify(office, signature=forged)) == ["no"]
    impostor = base64.b64decode(people.cms(people.impostor()))
    assert "yes" not in verdicts(verify(office, signature=impostor))


@pytest.mark.parametrize(
    ("language", "title"),
    [("ru", "Подпись действительна"), ("kk", "Қолтаңба жарамды"), ("en", VALID)],
)
def test_the_verdict_is_in_the_reader_s_language(
    office: FlaskClient, language: str, title: str
) -> None:
    assert title in verify(office, query=f"?lang={language}", signature=ATTACHED)


@pytest.mark.parametrize(
    "signature", [b"", b"nonsense", b"%PDF-1.7\n", b"\x30\x03\x02\x01\x01", b"\xff\xfe", b"<a/>"]
)
def test_what_is_no_signature_is_refused_beside_the_form(
    pages: FlaskClient, signature: bytes
) -> None:
    html = verify(pages, 400, signature=signature)
    assert 'id="refusal" role="alert"' in html


def pdf(**more: object) -> bytes:
    """Return a PDF, encrypted if there is a password."""
    made = BytesIO()
    with pikepdf.new() as one:
        one.add_blank_page()
        one.save(made, **more)  # type: ignore[arg-type]  # arguments of its own
    return made.getvalue()


@pytest.mark.parametrize(
    ("signature", "what", "advice"),
    [
        (b"nonsense", "There is no signature in this file", "often ends in .cms"),
        (b"PK\3\4\0", "This is an archive", "second field"),
        (b"\x89PNG\r\n", "This is a picture", "Ask the sender"),
        (b"\x30\x82\x01\x02\x02\x01\x03\x30\x80", "a key for signing", "Never send your key"),
        (
            pki.authority().certificate,
            "This is a certificate",
            "Choose the file with the signature",
        ),
        (b"<a/>", "this XML document", "as it was signed"),
        (b"%PDF-1.7\n", "This PDF is damaged", "Download it again"),
        (pdf(), "This PDF has no signatures inside", "choose that file first"),
        (
            pdf(encryption=pikepdf.Encryption(user="secret", owner="secret")),
            "protected by a password",
            "would break the signatures",
        ),
    ],
)
def test_a_reader_is_told_what_it_is_and_what_to_do(
    pages: FlaskClient, signature: bytes, what: str, advice: str
) -> None:
    html = verify(pages, 400, signature=signature)
    refusal = html.partition('id="refusal"')[2].partition("<label")[0]
    said, _, folded = refusal.partition("<details>")
    assert what in words(said)
    assert advice in words(said)
    assert bool(folded) == ("no signatures inside" not in what)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (UnsupportedAlgorithm("GOST"), "in a way that is not known here"),
        (TooCostly("verifying takes too long"), "takes more time than is spent"),
        (UnreadablePdf("The PDF has more than {pages} pages", pages=9), "has more in it"),
    ],
)
def test_what_this_server_can_t_decide_is_told_to_people(
    trusting: Flask, error: CmsError, what: str
) -> None:
    with trusting.test_request_context("/verify"):
        for trouble in (trouble_with_file(error, b""), trouble_with_stored(error)):
            assert trouble.advice
            assert trouble.detail == str(error)
        assert what in trouble_with_file(error, b"").what


def test_another_document_is_named_before_the_reasons_of_the_program(office: FlaskClient) -> None:
    html = verify(office, signature=DETACHED, document=b"other")
    plain, _, folded = html.partition("This is not the document that was signed, or")[2].partition(
        "<details>"
    )
    assert "the very file that was signed" in plain
    assert "the content is not what was signed: its digest" in folded.partition("</details>")[0]


def test_a_signature_over_the_document_itself_asks_for_it(office: FlaskClient) -> None:
    info = pki.signer_info(people.ivan(), CONTENT, signed=None)
    der = pki.signed_data([info], [people.ivan(), pki.authority()], None)
    digest = f"SHA-256:{sha256(CONTENT).hexdigest()}"
    html = verify(office, signature=der, digests=digest)
    assert html.count("Give the document itself, as a file") == 2
    assert "has not signed this document" in verify(office, signature=der, document=b"other")
    assert verdicts(verify(office, signature=der, document=CONTENT)) == ["yes"]


def test_what_is_too_large_is_told_to_people(start_app: AppMaker, sqlite_url: str) -> None:
    client = start_app(DATABASE_URL=sqlite_url, MAX_BODY_MB="1").test_client()
    headers = {"Accept": ACCEPT, "Origin": ORIGIN}
    sent = {"data": b"x" * 1_100_000, "content_type": "multipart/form-data; boundary=x"}
    html = text_of(client.post("/verify?lang=kk", headers=headers, **sent), 413)
    assert "Файл тым үлкен" in html
    assert "JavaScript" in html.partition("<details>")[0]
    assert 'href="/verify?lang=kk">Қайтып' in html


def test_a_form_that_can_t_be_read_is_an_error_page(pages: FlaskClient) -> None:
    headers = {"Accept": ACCEPT, "Origin": ORIGIN}
    for data, kind in ((b"x", "text/plain"), (b"--x\r\n", "multipart/form-data; boundary=x")):
        response = pages.post("/verify", data=data, content_type=kind, headers=headers)
        assert "multipart" in text_of(response, 400)
    wrong = verify(pages, 400, signature=DETACHED, digests="SHA-256:zz")
    assert "digest" in wrong


def test_anyone_verifies_without_a_token_but_not_from_other_sites(
    start_app: AppMaker, sqlite_url: str, trust_folder: Path
) -> None:
    env = {"DATABASE_URL": sqlite_url, "AUTH": "on", "TRUST_DIR": str(trust_folder)}
    client = start_app(**env).test_client()
    assert verdicts(verify(client, signature=ATTACHED)) == ["yes"]
    headers = {"Accept": ACCEPT, "Origin": "https://evil.kz"}
    assert client.post("/verify", headers=headers).status_code == 403


def test_one_address_verifies_only_so_often(
    start_own_app: AppMaker, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "AMOUNT", 2)
    client = start_own_app(DATABASE_URL=sqlite_url).test_client()
    for _ in range(2):
        verify(client, 400, signature=b"nonsense")
    html = verify(client, 429, signature=b"nonsense")
    assert "Too many requests" in html
    unlimited = start_own_app(DATABASE_URL=sqlite_url, RATE_LIMIT="off").test_client()
    for _ in range(3):
        verify(unlimited, 400, signature=b"nonsense")


def test_the_page_explains_itself_before_anything_is_sent(pages: FlaskClient) -> None:
    text = words(see(pages, "/verify"))
    for title in (VALID, NOT_VALID, UNKNOWN):
        assert title in text


def test_a_key_for_signing_in_alone_has_a_remark(office: FlaskClient) -> None:
    remark = "The key of this certificate is for signing in only (AUTH)"
    alone = pki.certify(
        pki.name("ВХОД"),
        pki.rsa_key("ИВАНОВ"),
        pki.authority(),
        [pki.key_usage("digitalSignature"), pki.extended_key_usage(people.AUTH)],
    )
    html = verify(office, signature=base64.b64decode(people.cms(alone)))
    assert verdicts(html) == ["yes"]
    assert remark in words(html)
    html = verify(office, signature=base64.b64decode(people.cms(people.chief())))
    assert remark not in words(html)
