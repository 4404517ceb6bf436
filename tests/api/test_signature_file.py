"""The signature of a version as a file: as it was saved, or with its evidence inside."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.cms import (
    Answer,
    Occasion,
    SignerStatus,
    Verifier,
    claimed_levels,
    list_parts,
    parse_der,
    read_embedded_certificate,
    verified_levels,
)
from app.cms.augmentation import additions
from tests import der, pki
from tests.api.asking import message_of, save
from tests.api.evident import (
    CONTENT,
    NAMED,
    app_with_evidence,
    client_with_evidence,
    sign,
    sign_info,
    text,
    work,
)
from tests.cms.augmenting import FORMS, check_verbatim, write
from tests.evidence.services import Services, now

__all__ = ["app_with_evidence", "client_with_evidence"]

LATER = datetime(2055, 1, 1, tzinfo=UTC)


def fetch(client: FlaskClient, profile: str = "original", **more: str) -> TestResponse:
    asked = {**NAMED, "profile": profile, **more}
    return client.get("/signature/file", query_string=asked)


def file_of(client: FlaskClient, profile: str) -> bytes:
    answer = fetch(client, profile)
    assert answer.status_code == 200, answer.text
    data: bytes = answer.data
    return data


def refusal(client: FlaskClient, profile: str, language: str = "en") -> str:
    asked = {**NAMED, "profile": profile}
    headers = {"Accept-Language": language}
    return message_of(client.get("/signature/file", query_string=asked, headers=headers), 409)


def judge(services: Services, cms: bytes, content: bytes | None = None) -> list[SignerStatus]:
    """Verify in 2055, with the anchor and nothing else."""
    anchor = read_embedded_certificate(services.root.certificate)
    assert anchor
    when = Occasion(LATER, LATER, now=LATER)
    return list(Verifier([anchor]).verify(parse_der(cms), content, at=when))


def is_proven(status: SignerStatus) -> bool:
    stamp = status.timestamp
    verdicts = [status.whole, stamp.verdict, stamp.revocation] if stamp else [status.whole]
    return stamp is not None and all(one.answer is Answer.YES for one in verdicts)


def test_the_original_is_what_was_sent_to_the_bit(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    cms = sign(services)
    save(client, cms=text(cms))
    work(app)
    for answer in (fetch(client), client.get("/signature/file", query_string=NAMED)):
        assert answer.data == cms
        assert answer.content_type == "application/pkcs7-mime"
        assert answer.headers["Content-Disposition"].startswith(
            'attachment; filename="doc-main.p7m"'
        )
        assert answer.headers["Cache-Control"] == "private, no-cache"
    again = client.get(
        "/signature/file", query_string=NAMED, headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    other = client.get("/signature/file", query_string=NAMED, headers={"If-Match": '"other"'})
    assert other.status_code == 412


def test_the_original_of_other_forms(open_client: FlaskClient) -> None:
    xml = pki.sign_xml()
    save(open_client, cms=xml)
    answer = fetch(open_client)
    # The document: what XML says of its own encoding is about the text.
    assert answer.text == xml.partition("?>")[2].strip()
    assert answer.content_type == "application/xml"
    assert refusal(open_client, "ddcard") == "Only a CMS has this form"
    save(open_client, cms="no signature", document="text")
    answer = fetch(open_client, document="text")
    assert (answer.text, answer.content_type) == ("no signature", "application/octet-stream")
    assert fetch(open_client, "T", document="text").status_code == 409


@pytest.mark.parametrize("form", ["DER", "four octets", "indefinite"])
def test_lt_is_proven_in_2055_by_the_file_and_the_anchor_alone(
    app: Flask, client: FlaskClient, services: Services, form: str
) -> None:
    cms = write(sign(services), FORMS[form])
    save(client, cms=text(cms))
    work(app)
    found = file_of(client, "LT")
    check_verbatim(cms, found)
    [status] = judge(services, found)
    assert is_proven(status), status
    signature = parse_der(found)
    [parts] = list_parts(signature)
    assert "LT" in claimed_levels(parts)
    levels = verified_levels(parts, status)
    assert [one.value for one, verdict in levels.items() if verdict.answer is Answer.YES] == [
        "B",
        "T",
        "LT",
    ]
    # A yes for a list that is older than the timestamp says so.
    assert "no revocation of the certificate of" in str(
        [str(one) for one in status.revocation.reasons]
    )


def test_t_has_a_timestamp_and_nothing_else(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    cms = sign(services, attached=False)
    save(client, cms=text(cms))
    work(app)
    answer = fetch(client, "T")
    assert answer.content_type == "application/pkcs7-signature"
    check_verbatim(cms, answer.data)
    [signer] = parse_der(answer.data).signers
    assert len(signer.tokens) == 1
    [status] = judge(services, answer.data, CONTENT)
    assert (status.intact.answer, status.valid.answer) == (Answer.YES, Answer.YES)
    assert status.timestamp is not None
    assert status.timestamp.verdict.answer is Answer.YES
    assert status.trusted.answer is Answer.UNKNOWN


def test_a_card_is_of_a_detached_signature(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    cms = sign(services, attached=False)
    save(client, cms=text(cms))
    work(app)
    found = file_of(client, "ddcard")
    check_verbatim(cms, found)
    [status] = judge(services, found, CONTENT)
    assert is_proven(status), status
    save(client, cms=text(sign(services)), version=1)
    work(app)
    assert "needs a detached signature" in refusal(client, "ddcard")


def test_several_signers_have_evidence_of_their_own(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    other = services._certify("ИВАНОВА АННА", services.authority, _extensions(services))
    cms = sign(services, services.person, other)
    save(client, cms=text(cms))
    work(app)
    found = file_of(client, "LT")
    check_verbatim(cms, found)
    assert [is_proven(status) for status in judge(services, found)] == [True, True]


def _extensions(services: Services) -> tuple[bytes, ...]:
    return (*pki.PERSON, pki.ocsp_at(services.site.url("/ocsp")))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "signer 1 has no timestamp"),
        ("ru", "у подписавшего 1 нет метки времени"),
        ("kk", "1 қол қоюшыда уақыт белгісі жоқ"),
    ],
)
def test_a_form_without_its_evidence_is_refused_in_the_reader_s_language(
    client: FlaskClient, services: Services, language: str, words: str
) -> None:
    save(client, cms=text(sign(services)))
    for profile in ("T", "LT"):
        assert words in refusal(client, profile, language)


def test_the_refusal_says_why_the_last_attempt_failed(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    services.site.answers.pop("/root.crl")
    save(client, cms=text(sign(services)))
    work(app)
    assert file_of(client, "T")
    refused = refusal(client, "LT")
    assert "signer 1" in refused
    assert "the last attempt: " in refused


def test_lt_that_would_not_be_proven_is_refused(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    """There are data about the signer's certificate, but none about those of the authorities."""
    moment = now()
    info = sign_info(services, services.person, is_stamped=True)
    good = pki.ocsp(
        services.authority, services.person.serial, this_update=moment, digest=pki.SHA256
    )
    brought = der.explicit(1, der.oid("1.3.6.1.5.5.7.16.2"), good)
    certificates = [services.person, services.authority]
    cms = pki.signed_data([info], certificates, CONTENT, revocation=[brought])
    save(client, cms=text(cms))
    refused = refusal(client, "LT")
    assert "signer 1: no CRL or OCSP response about NCA is at hand" in refused
    work(app)
    [status] = judge(services, file_of(client, "LT"))
    assert is_proven(status)


def test_lt_with_more_inside_than_is_read_is_refused(
    app: Flask, client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """About each certificate there is a response of its own."""
    people = [services.colleague(number) for number in range(3)]
    infos = [sign_info(services, one) for one in people]
    save(client, cms=text(pki.signed_data(infos, [*people, services.authority], CONTENT)))
    work(app)
    monkeypatch.setattr(additions, "MAX_REVOCATION_INFOS", 3)
    assert len(parse_der(file_of(client, "T")).signers) == len(people)
    assert "more than 3 elements" in refusal(client, "LT")


def test_a_broken_signature_has_no_form(
    app: Flask, client: FlaskClient, services: Services
) -> None:
    save(client, cms=text(sign(services, is_broken=True)))
    work(app)
    assert "signer 1" in refusal(client, "T")


def test_a_profile_that_there_is_not_is_refused(client: FlaskClient, services: Services) -> None:
    save(client, cms=text(sign(services)))
    assert "must be one of original, T, LT, ddcard, evidence" in message_of(fetch(client, "LTA"))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("profile", ["T", "LT", "ddcard"])
def test_openssl_verifies_the_file(
    app: Flask, client: FlaskClient, services: Services, tmp_path: Path, profile: str
) -> None:
    save(client, cms=text(sign(services, attached=False)))
    work(app)
    (tmp_path / "file").write_bytes(file_of(client, profile))
    (tmp_path / "content").write_bytes(CONTENT)
    root = pki.pem(services.root.certificate, "CERTIFICATE")
    (tmp_path / "root").write_text(root)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "file"]
    command += ["-content", "content", "-CAfile", "root", "-purpose", "any", "-out", "out"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    assert b"successful" in done.stderr, done.stderr
    assert (tmp_path / "out").read_bytes() == CONTENT
