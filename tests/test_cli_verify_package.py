"""`flask verify` with an evidence package: what it brings is what a sender brings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from tests import pki
from tests.cms.lasting_xml import xades_b
from tests.conftest import AppMaker
from tests.packages import Authorities, now, pems, record_of, signed_now, zipped
from tests.pki import DAY, Revoked
from tests.test_cli import run
from tests.trust.serving import serving

SIGNATURE, RECORD, CERTIFICATES = "signature.p7m", "signature.ers", "certificates.pem"
YES, NO, UNKNOWN = 0, 1, 2
IN_2019 = datetime(2019, 6, 1, tzinfo=UTC)


@pytest.fixture(name="known")
def authorities() -> Iterator[Authorities]:
    with serving() as site:
        yield Authorities(site)


@pytest.fixture(name="start")
def apps_that_trust(start_app: AppMaker, tmp_path: Path, known: Authorities) -> AppMaker:
    """Provide a function that makes an application with the root, and without a database."""
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "root.pem").write_bytes(pems(known.root))
    env = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/not/there.sqlite3",
        "TRUST_DIR": str(tmp_path / "trust"),
        "REVOCATION_CACHE": str(tmp_path / "revocation"),
        "OUTGOING_ALLOW": "127.0.0.1",
    }
    return lambda **more: start_app(**env, **more)


def verify(app: Flask, folder: Path, files: dict[str, bytes], *options: str) -> tuple[int, str]:
    (folder / "package.zip").write_bytes(zipped(files))
    return run(app, "verify", str(folder / "package.zip"), *options)


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
@pytest.mark.parametrize("options", [(), ("--json",), ("--at",)])
def test_a_revoked_signer_can_not_bring_what_was_known_before(
    start: AppMaker, tmp_path: Path, known: Authorities, kind: str, options: tuple[str, ...]
) -> None:
    known.serve(Revoked(known.ivan.serial, now() - 50 * DAY, 1))
    if options == ("--at",):
        options = ("--at", (now() - 20 * DAY).isoformat())
    begin, end = now() - 100 * DAY, now() + 80 * DAY
    files = {SIGNATURE: signed_now(known.ivan), CERTIFICATES: pems(known.nca)}
    files |= known.lists_of(begin, end)
    if kind == "ocsp":
        del files["crl/1.crl"]
        response = pki.ocsp(known.nca, known.ivan.serial, this_update=begin, next_update=end)
        files["ocsp/1.ors"] = response
    status, output = verify(start(), tmp_path, files, *options)
    assert (status, known.site.asked) == (UNKNOWN, [])
    assert "the revocation data in the evidence package cover" in output
    status, output = verify(start(REVOCATION="online"), tmp_path, files, *options)
    assert (status, "was revoked on" in output) == (NO, True), output
    assert "GET /nca.crl" in known.site.asked


def test_nor_can_the_signer_of_a_document(
    start: AppMaker, tmp_path: Path, known: Authorities
) -> None:
    known.serve(Revoked(known.ivan.serial, now() - 50 * DAY, 1))
    files = {"signature.xml": xades_b(known.ivan).encode(), CERTIFICATES: pems(known.nca)}
    files |= known.lists_of(now() - 100 * DAY, now() + 80 * DAY)
    assert verify(start(), tmp_path, files)[0] == UNKNOWN
    assert verify(start(REVOCATION="online"), tmp_path, files)[0] == NO


def test_what_it_brings_counts_as_in_a_signature_and_is_named(
    start: AppMaker, tmp_path: Path, known: Authorities
) -> None:
    files = {SIGNATURE: signed_now(known.ivan), CERTIFICATES: pems(known.nca)}
    files |= known.lists_of(now(), now() + DAY)
    status, output = verify(start(), tmp_path, files)
    assert (status, output.count(", in the evidence package")) == (YES, 2), output
    status, output = verify(start(), tmp_path, files, "--json")
    [signer] = json.loads(output)["verification"]["signers"]
    assert {one["source"] for one in signer["revocation_findings"]} == {"package"}
    assert "из пакета доказательств" in verify(start(), tmp_path, files, "--language", "ru")[1]


def backdated(known: Authorities, *, lists: bool = True) -> dict[str, bytes]:
    """Return a package of a SHA-1 signature of today, with a record that says 2019."""
    data = signed_now(known.sha1)
    files = {
        SIGNATURE: data,
        CERTIFICATES: pems(known.nca, known.tsa),
        RECORD: record_of(data, IN_2019, known.tsa),
    }
    begin = datetime(2019, 5, 1, tzinfo=UTC)
    return files | known.lists_of(begin, begin + 90 * DAY) if lists else files


def test_a_record_of_a_stolen_key_proves_nothing(
    start: AppMaker, tmp_path: Path, known: Authorities
) -> None:
    known.serve(Revoked(known.tsa.serial, now() - DAY, 1))
    for lists in (True, False):
        status, output = verify(start(REVOCATION="online"), tmp_path, backdated(known, lists=lists))
        assert status == UNKNOWN, output
        assert "evidence record: no: the certificate of TSA was revoked on" in output


def test_a_record_counts_if_its_authorities_say_now_that_it_may(
    start: AppMaker, tmp_path: Path, known: Authorities
) -> None:
    files = backdated(known)
    status, output = verify(start(REVOCATION="online"), tmp_path, files)
    assert status == YES, output
    assert "evidence record: it existed at 2019-06-01 00:00:00 UTC" in output
    assert "TSA leads to the trust anchor ROOT" in output
    assert f"requested of the authority at {known.site.url('/nca.crl')}" in output
    _, output = verify(start(REVOCATION="online"), tmp_path, files, "--json")
    record = json.loads(output)["verification"]["package"]["record"]
    assert (record["answer"], record["existed_at"][:10]) == ("yes", "2019-06-01")
    [stamp] = record["timestamps"]
    assert "online" in {one["source"] for one in stamp["revocation_findings"]}


def test_a_record_whose_authority_does_not_answer_counts_for_nothing(
    start: AppMaker, tmp_path: Path, known: Authorities
) -> None:
    known.site.serve("/nca.crl", status=500)
    files = backdated(known) | {"crl/3.crl": known.root_crl}
    status, output = verify(start(REVOCATION="online"), tmp_path, files)
    assert status == UNKNOWN, output
    assert "evidence record: unknown: whether TSA was revoked has to be known as of now" in output


def test_what_the_operator_has_of_now_is_enough_for_a_record(
    start: AppMaker, tmp_path: Path, known: Authorities
) -> None:
    for name in ("/nca.crl", "/root.crl"):
        (tmp_path / "trust" / name[1:]).write_bytes(known.site.answers[name].body)
        known.site.serve(name, status=500)
    status, output = verify(start(REVOCATION="online"), tmp_path, backdated(known))
    assert (status, known.site.asked) == (YES, []), output


def test_offline_the_report_says_what_a_record_rests_on(
    start: AppMaker, tmp_path: Path, known: Authorities
) -> None:
    _, output = verify(start(), tmp_path, backdated(known))
    assert "evidence record: it existed at 2019-06-01 00:00:00 UTC" in output
    assert "TSA was not revoked: CRL of 2019-05-01 00:00:00 UTC, in the evidence package" in output
    assert "the authorities of the evidence record were not asked" in output


def test_files_that_prove_nothing_are_named(
    start: AppMaker, tmp_path: Path, known: Authorities
) -> None:
    files = {
        SIGNATURE: signed_now(known.ivan),
        CERTIFICATES: pems(known.nca),
        **known.lists_of(now(), now() + DAY),
        "README.txt": b"The contract is about 999",
        "timestamps/1.octets": b"another",
        "timestamps/2.tst": b"of nobody",
        "certificates/1.pem": pems(known.tsa),
        "crl/3.crl": b"%PDF",
    }
    status, output = verify(start(), tmp_path, files)
    assert status == YES, output
    named = ["README.txt", "certificates/1.pem", "crl/3.crl", "timestamps/1.octets"]
    named.append("timestamps/2.tst")
    for name in named:
        assert f"note: {name} is not what this program writes" in output
    _, output = verify(start(), tmp_path, files, "--json")
    assert json.loads(output)["verification"]["package"]["other_files"] == named
