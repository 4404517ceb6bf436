"""`flask verify`: what a lawyer wants to know, in words, as JSON and as exit status."""

import json
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import etree

from app.cli.remedies import remedies_of
from app.cms import budget
from app.cms.errors import Undecidable
from app.cms.revocation.crl import MalformedRevocation
from app.cms.verdict import Reason
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import MalformedExtension
from app.trust.errors import FetchFailed
from tests import der, gost_signer, pki
from tests.api.asking import filled
from tests.conftest import AppMaker
from tests.live.server import PROJECT
from tests.pki import CONTENT, DAY, SIGNING_TIME, Holder, Revoked, ocsp_at, profile, xml_signer
from tests.test_cli import run
from tests.test_contract import APP, family, sentences_of
from tests.trust.asking import HOUR, LONG_AGO, Responder, crl, pem, person
from tests.trust.serving import Site, serving

ROOT, NCA, IVAN = pki.root(), pki.authority(), pki.person()
AT = SIGNING_TIME.isoformat()
FUTURE = datetime(2033, 1, 1, tzinfo=UTC)
TODAY = r"  today, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture(name="folder")
def trust_folder(tmp_path: Path) -> Path:
    """Provide a TRUST_DIR by which Ivan is trusted."""
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "nca.pem").write_bytes(pem(NCA.certificate))
    (folder / "nca.crl").write_bytes(crl(this_update=SIGNING_TIME, next_update=SIGNING_TIME + DAY))
    return folder


@pytest.fixture(name="start")
def start_apps(start_app: AppMaker, tmp_path: Path, folder: Path) -> AppMaker:
    """Provide a function that makes an application with that TRUST_DIR, and without a database."""
    env = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/not/there.sqlite3",
        "TRUST_DIR": str(folder),
        "REVOCATION_CACHE": str(tmp_path / "revocation"),
    }
    return lambda **more: start_app(**env, **more)


@pytest.fixture(name="program")
def usual_app(start: AppMaker) -> Flask:
    return start()


@pytest.fixture(name="site")
def start_site() -> Iterator[Site]:
    """Provide a server on this machine."""
    with serving() as site:
        yield site


def written(folder: Path, data: bytes, name: str = "signature.cms") -> str:
    file = folder / name
    file.write_bytes(data)
    return str(file)


def signed(*signers: Holder, content: bytes | None = CONTENT, stamped: bool = False) -> bytes:
    return pki.sign(
        *signers, content=content or CONTENT, attached=content is not None, stamped=stamped
    ).der


def verify(app: Flask, tmp_path: Path, data: bytes, *options: str) -> tuple[int, dict[str, Any]]:
    """Verify, and return the exit status and what is found."""
    status, output = run(app, "verify", written(tmp_path, data), "--json", *options)
    found: dict[str, Any] = json.loads(output)["verification"]
    return status, found


OUTDATED = "a CRL or OCSP response about ИВАНОВ ИВАН is valid only until 2025-06-02 12:00:00 UTC"
REMEDY = "a CRL or OCSP response of that time in TRUST_DIR, or REVOCATION=online"


def answers(signer: dict[str, Any]) -> list[str]:
    return [signer[key]["answer"] for key in ("intact", "valid", "trusted")]


def test_a_good_signature_is_reported_in_words(program: Flask, tmp_path: Path) -> None:
    status, output = run(program, "verify", written(tmp_path, signed(IVAN)), "--at", AT)
    assert status == 0
    file, form, digest, _, signer, *rest = output.splitlines()
    assert file == f"File: {tmp_path / 'signature.cms'}"
    assert form == f"CMS, with the content that was signed ({len(CONTENT)} bytes)"
    assert digest.startswith("SHA-256 of the signature: ")
    assert signer == "Signer 1 is ИВАНОВ ИВАН, IIN 900101300017"
    today = rest.pop(7)
    assert re.fullmatch(
        r"    ИВАНОВ ИВАН leads to the trust anchor \w+, SHA-256 [0-9a-f]{64}", rest.pop(5)
    )
    assert rest == [
        "  when it was made, 2025-06-01 12:00:00 UTC (as you asked): yes",
        "    intact, the content is what was signed: yes",
        "    valid, the signature is of the certificate's key: yes",
        "    trusted, an authority that you trust vouches for the signer: yes",
        "    not revoked: yes",
        "    ИВАНОВ ИВАН was not revoked: CRL of 2025-06-01 12:00:00 UTC, provided by the operator",
        "  signed: 2025-06-01 12:00:00 UTC, claims the signer",
        "  algorithms: RSA with SHA-256, digest SHA-256, key RSA",
        f"  certificate: number {IVAN.serial:x}, issued by NCA",
        "  in force: from 2024-01-01 00:00:00 UTC to 2034-01-01 00:00:00 UTC",
        "",
        "All in all: yes",
    ]
    assert re.fullmatch(TODAY + re.escape(f": unknown: {OUTDATED} (needed: {REMEDY})"), today)


def test_today_is_reported_also_where_it_is_the_same(
    program: Flask, tmp_path: Path, folder: Path
) -> None:
    (folder / "nca.crl").write_bytes(crl(this_update=SIGNING_TIME, next_update=FUTURE))
    _, output = run(program, "verify", written(tmp_path, signed(IVAN)), "--at", AT)
    assert re.search(rf"(?m)^{TODAY}: yes$", output)
    _, output = run(program, "verify", written(tmp_path, signed(IVAN)))
    assert re.search(
        r"(?m)^  when it was made, .* UTC \(the present moment, since .*\): yes$", output
    )
    assert re.search(rf"(?m)^{TODAY}: yes$", output)


def test_the_same_is_reported_as_json(program: Flask, tmp_path: Path) -> None:
    status, found = verify(program, tmp_path, signed(IVAN), "--at", AT)
    assert status == 0
    assert list(found) == [
        "version",
        "saved_at",
        "compared",
        "intact",
        "valid",
        "trusted",
        "signers",
    ]
    assert (found["version"], found["saved_at"]) == (None, None)
    assert found["compared"] == {"what": "attached"}
    [signer] = found["signers"]
    assert answers(signer) == answers(found) == ["yes", "yes", "yes"]
    assert signer["verified"]["iin"] == signer["claimed"]["iin"] == "900101300017"
    assert signer["verified"]["name"] == "ИВАНОВ ИВАН"
    assert signer["decisive_time"] == "2025-06-01T12:00:00Z"
    assert signer["decisive_time_source"] == "checked_at"
    assert signer["revocation"] == {"answer": "yes", "reasons": []}


def test_without_an_anchor_everything_is_a_claim(
    program: Flask, tmp_path: Path, folder: Path
) -> None:
    (folder / "nca.pem").unlink()
    status, found = verify(program, tmp_path, signed(IVAN), "--at", AT)
    assert (status, found["trusted"]["answer"]) == (2, "unknown")
    assert found["signers"][0]["verified"] is None
    status, output = run(program, "verify", written(tmp_path, signed(IVAN)))
    assert status == 2
    assert "Signer 1 claims to be ИВАНОВ ИВАН, IIN 900101300017\n" in output
    assert "signer: unknown: no certificate of ROOT that fits is at hand; " in output
    assert output.endswith("There is no trust anchor; `flask trust add` adds one.\n")


def test_who_did_not_sign_this_is_not_said_to_be_anybody(program: Flask, tmp_path: Path) -> None:
    anna = pki.person("ПЕТРОВА АННА")
    info = pki.signer_info(IVAN, signature=anna.key.sign(b"another"))
    for data in (
        signed(IVAN).replace(CONTENT, CONTENT.upper()[:-1] + b"x"),
        pki.signed_data([info], [IVAN]),
    ):
        status, report = verify(program, tmp_path, data, "--at", AT)
        [signer] = report["signers"]
        assert (status, "no" in answers(report)) == (1, True)
        assert signer["trusted"]["answer"] == "yes"
        assert signer["verified"] is None
        _, output = run(program, "verify", written(tmp_path, data), "--at", AT)
        assert "Signer 1 claims to be ИВАНОВ ИВАН" in output


def test_content_is_given_for_a_detached_signature(program: Flask, tmp_path: Path) -> None:
    data = signed(IVAN, content=None)
    right = written(tmp_path, CONTENT, "right.txt")
    wrong = written(tmp_path, CONTENT + b"\n", "wrong.txt")
    for more, status, intact in (
        ((), 2, "unknown"),
        (("--content", right), 0, "yes"),
        (("--content", wrong), 1, "no"),
    ):
        found = verify(program, tmp_path, data, "--at", AT, *more)
        assert (found[0], found[1]["signers"][0]["intact"]["answer"]) == (status, intact)
    _, output = run(program, "verify", written(tmp_path, data), "--at", AT)
    assert "\nCMS, without the content that was signed\n" in output
    assert "was signed: unknown: the content is detached, and was not given (needed: " in output
    assert "the document that was signed, by --content)\n" in output


def test_one_bad_signer_makes_it_bad(program: Flask, tmp_path: Path) -> None:
    expired = pki.certify(
        pki.name("ПЕТРОВА АННА"),
        pki.rsa_key("ПЕТРОВА АННА"),
        NCA,
        pki.PERSON,
        valid=(LONG_AGO, LONG_AGO + DAY),
    )
    stranger = pki.certify(pki.name("X"), pki.rsa_key("X"), pki.root("OTHER"), pki.PERSON)
    for others, status in (((expired,), 1), ((stranger,), 2), ((expired, stranger), 1)):
        found, report = verify(program, tmp_path, signed(IVAN, *others), "--at", AT)
        assert found == status
        assert answers(report["signers"][0]) == ["yes", "yes", "yes"]
    assert [signer["number"] for signer in report["signers"]] == [1, 2, 3]


def test_a_revoked_certificate_is_not_trusted(program: Flask, tmp_path: Path, folder: Path) -> None:
    revoked = Revoked(IVAN.serial, LONG_AGO)
    times = {"this_update": SIGNING_TIME, "next_update": SIGNING_TIME + DAY}
    (folder / "nca.crl").write_bytes(crl(NCA, revoked, **times))
    status, output = run(program, "verify", written(tmp_path, signed(IVAN)), "--at", AT)
    assert status == 1
    assert "not revoked: no: the certificate of ИВАНОВ ИВАН was revoked on 2024-06-01" in output


def test_a_timestamp_that_holds_says_when(program: Flask, tmp_path: Path) -> None:
    later = (SIGNING_TIME + HOUR).isoformat()
    data = signed(IVAN, stamped=True)
    _, report = verify(program, tmp_path, data, "--at", later)
    [signer] = report["signers"]
    assert signer["decisive_time"] == "2025-06-01T12:00:00Z"
    assert signer["decisive_time_source"] == "timestamp"
    assert signer["timestamp"]["answer"] == "yes"
    _, output = run(program, "verify", written(tmp_path, data), "--at", later)
    attested = "2025-06-01 12:00:00 UTC (attested by a timestamp that was verified): yes\n"
    assert f"when it was made, {attested}" in output
    assert "timestamp of: TSA\n" in output


def test_a_timestamp_that_does_not_hold_says_nothing(program: Flask, tmp_path: Path) -> None:
    value = pki.signature_of(pki.signer_info(IVAN))
    impostor = pki.certify(pki.name("TSA"), pki.rsa_key("X"), pki.root("OTHER"), pki.STAMPER)
    for token, reported in (
        (pki.timestamp(value, by=impostor), "2025-06-01 12:00:00 UTC; is it valid? unknown: "),
        (der.sequence(), "at an unknown time; is it valid? no: the timestamp token is malformed"),
    ):
        attribute = der.attribute(pki.TIMESTAMP, token)
        info = pki.signer_info(IVAN, unsigned=[attribute], signature=value)
        file = written(tmp_path, pki.signed_data([info], [IVAN]))
        later = (SIGNING_TIME + HOUR).isoformat()
        _, output = run(program, "verify", file, "--at", later)
        assert "when it was made, 2025-06-01 13:00:00 UTC (as you asked): yes\n" in output
        assert f"timestamp: {reported}" in output


def test_times_are_reported_and_asked_in_the_zone_of_the_settings(
    start: AppMaker, tmp_path: Path
) -> None:
    app = start(TIMEZONE="Asia/Almaty")
    file = written(tmp_path, signed(IVAN))
    for text in ("2025-06-01T17:00:00", "2025-06-01 17:00", AT):
        status, output = run(app, "verify", file, "--at", text)
        assert status == 0
        assert "when it was made, 2025-06-01 17:00:00 +05 (as you asked): yes\n" in output
        assert "is valid only until 2025-06-02 17:00:00 +05 (needed: " in output
        assert "UTC" not in output
    assert "in force: from 2024-01-01 06:00:00 +06 to 2034-01-01 05:00:00 +05\n" in output


def test_without_a_time_it_is_now(program: Flask, tmp_path: Path) -> None:
    _, report = verify(program, tmp_path, signed(IVAN))
    assert report["signers"][0]["decisive_time_source"] == "now"
    _, output = run(program, "verify", written(tmp_path, signed(IVAN)))
    assert "UTC (the present moment, since no other is known): unknown\n" in output


@pytest.mark.parametrize("text", ["yesterday", "", "2025-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_refused(program: Flask, tmp_path: Path, text: str) -> None:
    status, output = run(program, "verify", written(tmp_path, signed(IVAN)), "--at", text)
    assert status == 2
    assert "not a time such as 2025-06-01T12:00:00+05:00" in output


@pytest.mark.parametrize("data", [b"", b"nonsense", signed(IVAN)[:-40]], ids=range(3))
def test_what_is_no_signature_proves_nothing(program: Flask, tmp_path: Path, data: bytes) -> None:
    status, output = run(program, "verify", written(tmp_path, data))
    assert (status, output.startswith("Error: cms: ")) == (2, True)
    status, output = run(program, "verify", written(tmp_path, data), "--json")
    answer, _ = json.JSONDecoder().raw_decode(output)
    assert (status, list(answer)) == (2, ["status", "message", "content"])
    assert (answer["status"], answer["content"]) == (False, None)
    assert answer["message"].startswith("cms: ")


def test_xml_is_verified_too(program: Flask, tmp_path: Path, folder: Path) -> None:
    (folder / "test.cer").write_bytes(profile.authority().certificate)
    document = pki.sign_xml().encode()
    file = written(tmp_path, document)
    status, output = run(program, "verify", file, "--at", AT)
    assert status == 2  # Of revocation nothing is known.
    assert "\nXML, signed with what is in it\n" in output
    assert "Signer 1 claims to be ИВАНОВ ИВАН ИВАНОВИЧ, IIN 900101300017\n" in output
    _, report = verify(program, tmp_path, document, "--at", AT)
    assert report["compared"] == {"what": "attached"}
    assert answers(report["signers"][0]) == ["yes", "yes", "unknown"]
    status, output = run(program, "verify", file, "--content", file)
    assert (status, "no --content" in output) == (2, True)


def test_an_organisation_is_reported_with_its_number(program: Flask, tmp_path: Path) -> None:
    who = profile.person("ДИРЕКТОР ЕЛЕНА", organisation='ТОО "Ромашка"', bin_number="060740003480")
    data = pki.sign_cms(signers=[who])
    _, output = run(program, "verify", written(tmp_path, data))
    assert 'of ТОО "Ромашка", BIN 060740003480\n' in output
    _, report = verify(program, tmp_path, data)
    assert report["signers"][0]["claimed"]["bin"] == "060740003480"


@pytest.mark.slow
def test_names_can_not_steer_the_terminal(program: Flask, tmp_path: Path) -> None:
    evil = "X\x1b[2K\rSigner 1 is ИВАНОВ\n  trusted: yes\u202e"
    who = pki.certify(pki.name(evil), pki.rsa_key("evil"), pki.root(evil), pki.PERSON)
    _, output = run(program, "verify", written(tmp_path, signed(who)))
    assert not set(output) & {"\x1b", "\r", "\u202e"}
    assert "\n  trusted: yes" not in output


def test_a_signer_without_a_name_is_a_person_without_a_name(program: Flask, tmp_path: Path) -> None:
    who = pki.certify(der.sequence(), pki.rsa_key("nobody"), NCA, pki.PERSON)
    _, output = run(program, "verify", written(tmp_path, signed(who)), "--at", AT)
    assert "Signer 1 is a person without a name\n" in output


def test_gost_is_named(program: Flask, tmp_path: Path, folder: Path) -> None:
    kind = gost_signer.GOST_2015_512
    root = pki.root("GOST ROOT", pki.gost_key("root", kind))
    (folder / "gost.pem").write_bytes(pem(root.certificate))
    who = pki.certify(pki.name("P"), pki.gost_key("person", kind), root, pki.PERSON)
    _, output = run(program, "verify", written(tmp_path, signed(who)), "--at", AT)
    assert "GOST R 34.10-2015 512" in output


def test_a_file_may_have_any_name(program: Flask, tmp_path: Path) -> None:
    file = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.cms")
    Path(file).write_bytes(signed(IVAN))
    status, output = run(program, "verify", file, "--at", AT)
    assert status == 0
    assert output.startswith(f"File: {tmp_path}/\ufffd .cms\n")
    assert json.loads(run(program, "verify", file, "--json")[1])["verification"]["signers"]


def test_authorities_are_asked_if_settings_say_online(
    start: AppMaker, tmp_path: Path, folder: Path, site: Site
) -> None:
    (folder / "nca.crl").unlink()
    ivan = person(ocsp_at(Responder(site).url))
    data = signed(ivan)
    assert verify(start(), tmp_path, data, "--at", AT)[0] == 2
    assert site.asked == []
    assert (
        verify(start(REVOCATION="online", OUTGOING_ALLOW="127.0.0.1"), tmp_path, data, "--at", AT)[
            0
        ]
        == 0
    )
    assert len(site.asked) == 1


def test_content_of_any_size_is_hashed_for_who_waits(
    program: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_CONTENT_COST", 0)
    gost = pki.person("ГОСТ", pki.gost_key("gost", gost_signer.GOST_2015_256))
    encoded = pki.signed_data([pki.signer_info(gost)], [gost])
    [status] = Verifier().verify(pki.read(encoded), at=SIGNING_TIME)
    assert "too large to be hashed here" in str(status.intact.reasons[0])
    _, output = run(program, "verify", written(tmp_path, encoded), "--at", AT)
    assert "intact, the content is what was signed: yes\n" in output


def test_a_signature_cut_out_of_a_pdf_has_zeros_behind_it(program: Flask, tmp_path: Path) -> None:
    status, found = verify(program, tmp_path, signed(IVAN) + bytes(64), "--at", AT)
    assert (status, answers(found)) == (0, ["yes"] * 3)
    cut = written(tmp_path, signed(IVAN) + bytes(64))
    assert run(program, "check", cut)[0] == 0


@pytest.mark.attacks
def test_signed_xml_is_read_in_the_encoding_that_it_declares(
    program: Flask, tmp_path: Path
) -> None:
    root = etree.fromstring("<pay><to>Анне</to><sum>100+ADA-</sum></pay>")
    xml_signer.sign(root, IVAN)
    bare = etree.tostring(root, encoding="unicode")
    for pad in ("", " " * 230):
        for name, encoding, answer in (
            ("windows-1251", "utf-8", "no"),
            ("windows-1251", "windows-1251", "yes"),
            ("utf-16", "utf-16", "yes"),
        ):
            text = f'<?xml version="1.0" {pad}encoding="{name}"?>{bare}'
            _, found = verify(program, tmp_path, text.encode(encoding), "--at", AT)
            assert found["signers"][0]["intact"]["answer"] == answer
        file = written(tmp_path, f'<?xml version="1.0" {pad}encoding="utf-7"?>{bare}'.encode())
        for command in ("verify", "check"):
            status, output = run(program, command, file)
            assert (status, "in the encoding utf-7" in output) == (
                2 if command == "verify" else 1,
                True,
            )


def test_a_file_that_is_no_signature_is_named(program: Flask, tmp_path: Path) -> None:
    status, output = run(program, "verify", written(tmp_path, b"\x89PNG\r\n\x1a\n\0"))
    assert (status, output) == (2, "Error: cms: an image (PNG), not a signature\n")


def test_a_time_that_does_not_fit_is_warned_of(start: AppMaker, tmp_path: Path) -> None:
    app = start(TIMEZONE="Asia/Almaty")
    plain, stamped = signed(IVAN), signed(IVAN, stamped=True)
    early, late = (SIGNING_TIME - HOUR).isoformat(), (SIGNING_TIME + HOUR).isoformat()
    given = "the time that you gave, {}"
    early_one, late_one = (given.format(f"2025-06-01 {hour}:00:00 +05") for hour in (16, 18))
    before = f"{early_one}, is before the one that the signer claims"
    overruled = "the verified timestamp counts, not "
    ahead = given.format("2033-01-01 05:00:00 +05") + ", is in the future"
    for data, at, warnings in (
        (plain, AT, []),
        (plain, early, [before]),
        (plain, FUTURE.isoformat(), [ahead]),
        (stamped, late, [overruled + late_one]),
        (stamped, early, [overruled + early_one, before]),
    ):
        _, output = run(app, "verify", written(tmp_path, data), "--at", at)
        reported = [line for line in output.splitlines() if "warning" in line]
        assert reported == [f"  warning: {warning}" for warning in warnings]
    _, output = run(app, "verify", written(tmp_path, stamped))
    assert "warning" not in output


def test_a_stored_signature_is_verified(make_app: AppMaker, tmp_path: Path, folder: Path) -> None:
    app = make_app(TRUST_DIR=str(folder), REVOCATION_CACHE=str(tmp_path / "revocation"))
    client = app.test_client()
    for version, data in ((None, signed(IVAN)), (1, signed(IVAN, content=b"other"))):
        body = filled(cms=b64encode(data).decode(), version=version)
        assert client.post("/signature", json=body).status_code == 201
    stored = ("verify", "--document", "doc", "--thread", "main")
    _, output = run(app, *stored)
    assert "Stored signature: doc/main, version 2\n" in output
    assert " UTC (when it was saved): unknown\n" in output
    _, output = run(app, *stored, "--version", "1", "--at", AT)
    assert "Stored signature: doc/main, version 1\n" in output
    assert "as you asked" in output
    status, output = run(app, "verify", "--document", "x", "--thread", "main")
    assert (status, output.endswith("Error: Signature was not found\n")) == (2, True)


@pytest.mark.parametrize(
    "arguments", [(), ("--document", "x"), ("--thread", "x"), ("--version", "1")]
)
def test_one_signature_is_named(program: Flask, arguments: tuple[str, ...]) -> None:
    status, output = run(program, "verify", *arguments)
    assert status == 2
    assert "name a FILE, or a stored signature by --document and --thread" in output


def test_asking_online_is_no_remedy_where_it_is_done_already() -> None:
    reason = Reason("no CRL or OCSP response about {subject} is at hand", {"subject": "X"})
    assert list(map(str, remedies_of([reason]))) == [REMEDY]
    (reported,) = map(str, remedies_of([reason], online=True))
    assert reported == REMEDY.removesuffix(", or REVOCATION=online")


def test_remedies_are_for_reasons_that_are_given() -> None:
    reported = "\n".join(path.read_text() for path in (PROJECT / "app" / "cms").rglob("*.py"))
    assert "does not cover every possible revocation of" in reported
    chain = Reason("the chain ends with {authority}, which is no trust anchor", {"authority": "X"})
    assert "`flask trust add`" in str(*remedies_of([chain, chain]))


#: Reasons that nothing at hand could settle: what is odd is in the signature or in a certificate,
#: or it is not known here.
ODD = {
    (
        "the certificate of {subject} was valid only until {until}, and the timestamp was not"
        " renewed before then"
    ),
    "a part of the signed data is encrypted, or is stored elsewhere",
    "a signature value by {algorithm} lacks its parameters",
    "a transform after canonicalisation is not supported",
    "archive timestamps and evidence records inside a CMS are not verified here",
    "extension {oid} is broken",
    "extension {oid} occurs twice",
    "no element has the Id {id}",
    ("another certificate with the key of {subject} was revoked, and not for being superseded"),
    (
        "another certificate in the signature fits it as well, and nothing that is signed says"
        " which one is the signer's"
    ),
    "not all certificates that KeyInfo names could be read and tried",
    "not all certificates that may be the signer's could be read and tried",
    "references to {uri} are not followed",
    "relative namespaces have no canonical form",
    "several elements have the Id {id}",
    "the certificate of {subject} has a critical extension that is unknown here: {oid}",
    "the certificate of {subject} is for purposes that are unknown here: {purposes}",
    "the certificate of {subject}: extension {oid} is broken",
    "the certificate of {subject}: extension {oid} occurs twice",
    "the certificate of {subject}: the list of extensions is broken",
    "the content is too large to be hashed here: {algorithm} is slow",
    "the document costs too much to check",
    "the signature verifies with the key of another certificate in it: {fingerprint}",
    "the timestamp is not accurate enough to tell whether it is from before then",
    "the signature value that the timestamp is over can't be canonicalised",
    "the list of extensions is broken",
    "the list of extensions of the certificate of {subject} is broken",
    "the policies of {subject} have a critical qualifier that is unknown here: {oid}",
    "the signature method is not supported",
    "what is signed only refers to content that is stored elsewhere",
    "the signature names another certificate ({element}), in a place that is not signed",
    "the signed attributes can't be read",
    "there are too many certificates to try",
    "the signature contains too much to check all of it here",
    "two different xml:{name} apply",
    "two digest algorithms are named: {declared} and {settled}",
    "the signed data could not be canonicalised",
    (
        "whether the name constraints of {authority} permit the name {name} of {subject} can't be "
        "determined here"
    ),
    "xml:base is not supported in Canonical XML 1.1",
    "{name} is not supported",
    "{subject} is an authority for other purposes: {purposes}",
}


@pytest.mark.slow
def test_every_unknown_has_its_remedy() -> None:
    kinds = {
        kind.__name__
        for root in (Undecidable, MalformedRevocation, MalformedExtension, FetchFailed)
        for kind in family(root)
    }
    speaking = ("unknown", "_failed", *kinds - {"UnsupportedAlgorithm"})
    # The command reads no PDF.
    reported = sentences_of(*speaking) - sentences_of(*speaking, folder=APP / "pdf")
    another = remedies_of([Reason("-")])
    assert {text for text in reported if remedies_of([Reason(text)]) == another} == ODD


@pytest.mark.parametrize("language", ["ru", "kk"])
def test_all_is_reported_in_another_language(
    program: Flask, tmp_path: Path, folder: Path, language: str
) -> None:
    (folder / "nca.crl").write_bytes(crl(this_update=SIGNING_TIME, next_update=SIGNING_TIME))
    (folder / "nca.pem").unlink()
    for data, options in (
        (signed(IVAN, content=None), ("--at", AT)),
        (signed(IVAN, stamped=True), ("--at", (SIGNING_TIME - HOUR).isoformat())),
        (signed(pki.person("IVANOV")).replace(CONTENT, CONTENT.upper()[:-1] + b"x"), ()),
        (b"nonsense", ()),
    ):
        _, output = run(
            program, "verify", written(tmp_path, data), *options, "--language", language
        )
        reported = re.sub(r"\b[0-9a-f]*[0-9][0-9a-f]*\b", "", output.replace(str(tmp_path), ""))
        assert len(reported) > 10
        words = set(re.findall(r"[A-Za-z]{2,}", re.sub("`[^`]*`|--[a-z]+", "", reported)))
        assert words <= FOREIGN


#: Words that are the same in every language.
FOREIGN = {
    *("CMS", "SHA", "UTC", "CRL", "OCSP", "RSA", "NCA", "ROOT", "TSA", "with", "IVANOV"),
    *("REVOCATION", "online", "TRUST", "DIR", "cms", "signature", "XML"),
    "Error",  # by click
}


def test_a_reason_is_reported_in_the_language_with_its_remedy(
    start: AppMaker, tmp_path: Path
) -> None:
    app, file = start(TIMEZONE="Asia/Almaty"), written(tmp_path, signed(IVAN))
    _, output = run(app, "verify", file, "--at", AT, "--language", "ru")
    assert "\nПодписавший 1: ИВАНОВ ИВАН, ИИН 900101300017\n" in output
    assert "  на момент подписания, 2025-06-01 17:00:00 +05 (как вы указали): да\n" in output
    assert (
        " неизвестно: сведения CRL или ответа OCSP о сертификате ИВАНОВ ИВАН действительны только"
        " до 2025-06-02 17:00:00 +05 (нужно: CRL или ответ OCSP на тот момент в TRUST_DIR либо"
        " REVOCATION=online)\n"
    ) in output
    assert output.endswith("\nВ целом: да\n")
    _, output = run(app, "verify", file, "--at", AT, "--language", "kk")
    assert output.endswith("\nЖалпы қорытынды: иә\n")


def test_odd_things_are_noted_in_the_language(program: Flask, tmp_path: Path) -> None:
    who = profile.person(organisation="АО", bin_number="123456789021")
    file = written(tmp_path, pki.sign_cms(signers=[who]))
    assert "\n  note: BIN fails its check digit\n" in run(program, "verify", file)[1]
    reported = run(program, "verify", file, "--language", "ru")[1]
    assert "\n  примечание: БИН: контрольная цифра не сходится\n" in reported


def test_a_certificate_without_an_end_is_reported_in_every_zone(
    start: AppMaker, tmp_path: Path
) -> None:
    who = pki.certify(
        pki.name("X"),
        pki.rsa_key("X"),
        NCA,
        pki.PERSON,
        valid=(LONG_AGO, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    )
    file = written(tmp_path, signed(who))
    status, output = run(start(TIMEZONE="Asia/Almaty"), "verify", file, "--at", AT)
    assert (status, "to 9999-12-31 23:59:59 UTC\n" in output) == (0, True)


def test_other_languages_are_refused(program: Flask, tmp_path: Path) -> None:
    file = written(tmp_path, signed(IVAN))
    status, output = run(program, "verify", file, "--language", "de")
    assert (status, "'ru', 'kk', 'en'" in output) == (2, True)
