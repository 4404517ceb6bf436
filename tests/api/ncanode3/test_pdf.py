"""POST /pdf/verify: signatures of PDFs, with what NCANode leaves out."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests import pki
from tests.api import people
from tests.conftest import AppMaker
from tests.pdf.test_gaps import SPANNING, WORDS, signed, with_twin
from tests.pdf.writing import ROOM, Draft, put, resign

URL = "/ncanode3/pdf/verify"
MEMBERS = [
    *("valid", "reason", "location", "contactInfo", "signDate", "certificate"),
    *("signatureAlgorithm", "digestAlgorithm", "coversWholeDocument"),
]
SAID = b"/Reason (I agree) /M (D:20260301120000+05'00')"


@pytest.fixture(name="anchored")
def client_with_anchor(start_app: AppMaker, sqlite_url: str, tmp_path: Path) -> FlaskClient:
    folder = people.trust(tmp_path / "trust", pki.root(), pki.authority())
    return start_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(folder)).test_client()


def verify(client: FlaskClient, pdf: bytes, status: int = 200, **more: Any) -> dict[str, Any]:
    answer = client.post(URL, json={"pdf": b64encode(pdf).decode(), **more})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.get_json()
    assert found["status"] == status
    return found


def test_a_signed_pdf_is_answered_field_by_field(anchored: FlaskClient) -> None:
    draft = Draft()
    draft.sign(more=SAID)
    found = verify(anchored, draft.data)
    assert (found["message"], found["valid"]) == ("OK", True)
    [signer] = found["signers"]
    assert list(signer) == MEMBERS
    assert signer["valid"] is signer["coversWholeDocument"] is True
    assert (signer["reason"], signer["location"], signer["contactInfo"]) == ("I agree", None, None)
    assert signer["signDate"] == "2026-03-01T07:00:00.000+00:00"
    assert signer["signatureAlgorithm"] == "ETSI.CAdES.detached"
    assert signer["digestAlgorithm"] == pki.SHA256
    assert signer["certificate"]["subject"]["commonName"] == "ИВАНОВ ИВАН"
    assert found["verdict"]["signers"][0]["field"] == "S10"
    assert found["verdict"]["timestamps"] == []


def test_a_change_after_signing_is_not_valid_and_is_named(anchored: FlaskClient) -> None:
    draft = Draft()
    draft.sign()
    draft.page = b"/Rotate 90"
    draft.change({})
    found = verify(anchored, draft.data)
    assert found["valid"] is False
    assert found["message"] != "OK"
    assert found["verdict"]["wholeDocument"]["answer"] == "unknown"
    assert found["signers"][0]["coversWholeDocument"] is False
    altered = draft.data.replace(b"/MediaBox [0 0 99 99]", b"/MediaBox [0 0 99 98]", 1)
    answered = verify(anchored, altered)
    assert answered["valid"] is answered["signers"][0]["valid"] is False
    assert answered["verdict"]["intact"]["answer"] == "no"


def test_a_timestamp_on_the_document_is_nobody_s_signature(anchored: FlaskClient) -> None:
    draft = Draft()
    draft.sign()
    draft.sign(subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")
    found = verify(anchored, draft.data)
    assert len(found["signers"]) == len(found["verdict"]["timestamps"]) == 1
    alone = Draft()
    alone.sign(subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")
    assert verify(anchored, alone.data, 404)["message"] == "the PDF has no signature"


def test_what_is_asked_of_revocation_must_be_known(anchored: FlaskClient) -> None:
    draft = Draft()
    draft.sign()
    found = verify(anchored, draft.data, revocationCheck=["OCSP"])
    [revocation] = found["signers"][0]["certificate"]["revocations"]
    assert (found["valid"], revocation["result"]) == (True, "ACTIVE")
    # The same without the responses that the signature has inside.
    gap = draft.data.rindex(b"/Contents <") + len(b"/Contents ")
    content = draft.data[:gap] + draft.data[gap + ROOM + 2 :]
    info = pki.signer_info(pki.person(), content)
    bare = put(draft.data, gap, pki.signed_data([info], [pki.person()], None))
    assert verify(anchored, bare)["valid"] is True
    unknown = verify(anchored, bare, revocationCheck=["OCSP"])
    assert unknown["valid"] is unknown["signers"][0]["valid"] is False
    assert unknown["verdict"]["signers"][0]["revocation"]["answer"] == "unknown"


def test_without_an_anchor_nothing_is_valid(sqlite_client: FlaskClient) -> None:
    draft = Draft()
    draft.sign()
    found = verify(sqlite_client, draft.data)
    assert found["valid"] is found["signers"][0]["certificate"]["valid"] is False
    assert found["verdict"]["trusted"]["answer"] == "unknown"


def test_a_signature_that_can_t_be_read_has_no_certificate(anchored: FlaskClient) -> None:
    draft = Draft()
    draft.sign(subfilter=b"/adbe.x509.rsa_sha1")
    found = verify(anchored, draft.data)
    assert found["valid"] is False
    [signer] = found["signers"]
    assert (signer["certificate"], signer["digestAlgorithm"]) == (None, "unknown")
    assert signer["signatureAlgorithm"] == "adbe.x509.rsa_sha1"


@pytest.mark.attacks
def test_a_second_signer_of_one_signature_is_listed_and_not_valid(anchored: FlaskClient) -> None:
    people = [pki.person(), pki.person("ПЕТРОВА АННА")]
    draft = Draft()
    draft.sign()
    found = verify(anchored, resign(draft.data, *people))
    assert found["valid"] is False
    assert "the CMS in the PDF has 2 signers" in found["message"]
    names = [one["certificate"]["subject"]["commonName"] for one in found["signers"]]
    assert sorted(names) == ["ИВАНОВ ИВАН", "ПЕТРОВА АННА"]
    assert {one["valid"] for one in found["signers"]} == {False}
    assert [one["intact"]["answer"] for one in found["verdict"]["signers"]] == ["unknown"] * 2


@pytest.mark.attacks
def test_a_copied_signature_with_words_of_others_is_not_valid(anchored: FlaskClient) -> None:
    found = verify(anchored, with_twin(b"S10", WORDS))
    assert found["valid"] is False
    assert "is that of another field" in found["message"]
    assert [one["valid"] for one in found["signers"]] == [True, False]
    assert [one["wholeDocument"]["answer"] for one in found["verdict"]["signers"]] == [
        "yes",
        "unknown",
    ]


@pytest.mark.attacks
def test_a_page_that_shows_what_nobody_signed_is_not_valid(anchored: FlaskClient) -> None:
    found = verify(anchored, signed(*SPANNING["the text of a page"]))
    assert found["valid"] is found["signers"][0]["valid"] is False
    assert "which nobody signed" in found["message"]


@pytest.mark.attacks
def test_a_script_is_a_remark(anchored: FlaskClient) -> None:
    draft = Draft(catalog=b"/OpenAction << /S /JavaScript /JS (x) >>")
    draft.sign()
    found = verify(anchored, draft.data)
    assert found["valid"] is True
    [reason] = found["verdict"]["signers"][0]["wholeDocument"]["reasons"]
    assert reason.startswith("the document has scripts")


def test_what_is_no_signed_pdf_is_refused(sqlite_client: FlaskClient) -> None:
    assert verify(sqlite_client, Draft().data, 404)["message"] == "the PDF has no signature"
    assert "PDF" in verify(sqlite_client, b"%PDF-1.7 junk", 400)["message"]
    answer = sqlite_client.post(URL, json={"pdf": "%%%"})
    assert (answer.status_code, answer.get_json()["message"]) == (
        400,
        '"pdf" parameter must be base64',
    )
    missing = sqlite_client.post(URL, json={})
    assert (missing.status_code, missing.get_json()["error"]) == (400, "Bad Request")


def test_many_are_verified_in_order(anchored: FlaskClient) -> None:
    draft = Draft()
    draft.sign()
    pdfs = [b64encode(one).decode() for one in (draft.data, Draft().data, b"none")]
    answer = anchored.post(f"{URL}/batch", json={"pdfs": pdfs}).get_json()
    assert [one["status"] for one in answer["results"]] == [200, 404, 400]
    assert answer["results"][0]["valid"] is True
