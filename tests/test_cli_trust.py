"""`flask trust add`, `list` and `remove` on TRUST_DIR: with --in-folder."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.cms.x509.certificate import Certificate, read_certificate
from app.trust.files import MAX_CERTIFICATES_SIZE, read_certificates
from app.trust.fingerprints import PINNED, SOURCE, Pinned
from tests import pki
from tests.conftest import AppMaker
from tests.pki import NOT_AFTER, NOT_BEFORE, Holder
from tests.test_cli import run
from tests.trust.asking import LONG_AGO, crl, pem
from tests.trust.serving import Site, serving

ROOT, NCA, IVAN = pki.root(), pki.authority(), pki.person()
FINGERPRINT = read_certificate(ROOT.certificate).fingerprint


@pytest.fixture(name="folder")
def trust_folder(tmp_path: Path) -> Path:
    """Provide a TRUST_DIR that isn't there yet."""
    return tmp_path / "trust"


@pytest.fixture(name="program")
def app_without_database(start_app: AppMaker, tmp_path: Path, folder: Path) -> Flask:
    """Provide an application with that TRUST_DIR."""
    database = f"sqlite:///{tmp_path}/not/there.sqlite3"
    return start_app(DATABASE_URL=database, TRUST_DIR=str(folder))


@pytest.fixture(name="site")
def start_site() -> Iterator[Site]:
    """Provide a server on this machine."""
    with serving() as site:
        yield site


def stored(folder: Path) -> dict[str, Certificate]:
    """Return the certificates in TRUST_DIR by their files, which hold one each."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file():
            [found[str(file.relative_to(folder))]] = read_certificates(file.read_bytes())
    return found


def in_folder(program: Flask, *arguments: str) -> tuple[int, str]:
    """Run one of the commands on TRUST_DIR alone."""
    return run(program, "trust", *arguments, "--in-folder")


def written(tmp_path: Path, data: bytes) -> str:
    file = tmp_path / "given.cer"
    file.write_bytes(data)
    return str(file)


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_a_known_certificate_becomes_an_anchor(
    program: Flask, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setitem(PINNED, FINGERPRINT, Pinned("ROOT", SOURCE))
    file = written(tmp_path, ROOT.certificate if form == "DER" else pem(ROOT.certificate))
    status, output = in_folder(program, "add", file)
    assert status == 0
    assert "subject      ROOT\n" in output
    assert "valid        2024-01-01 to 2034-01-01\n" in output
    assert f"SHA-256      {FINGERPRINT}\n" in output
    assert "ROOT, says the public repository vturekhanov/edscheck-desktop" in output
    assert "was not compared with pki.gov.kz itself" in output
    name = f"root-{FINGERPRINT[:16]}.pem"
    assert f"stored       {folder / name}\n" in output
    assert stored(folder) == {name: read_certificate(ROOT.certificate)}
    assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_unknown_certificate_is_refused(program: Flask, folder: Path, tmp_path: Path) -> None:
    status, output = in_folder(program, "add", written(tmp_path, ROOT.certificate))
    assert status == 1
    assert f"SHA-256      {FINGERPRINT}\n" in output
    assert "is refused: its fingerprint is not known here. Compare the SHA-256 above" in output
    assert not folder.exists()


@pytest.mark.parametrize(
    "fingerprint",
    [
        FINGERPRINT,
        FINGERPRINT.upper(),
        ":".join(re.findall("..", FINGERPRINT.upper())),
        f" {FINGERPRINT[:32]} {FINGERPRINT[32:]} ",
    ],
    ids=["plain", "capitals", "colons", "blanks"],  # Keys are new in each process.
)
def test_it_is_taken_with_its_fingerprint(
    program: Flask, folder: Path, tmp_path: Path, fingerprint: str
) -> None:
    file = written(tmp_path, ROOT.certificate)
    status, output = in_folder(program, "add", file, "--fingerprint", fingerprint)
    assert status == 0
    assert "known as     nothing: you gave its fingerprint\n" in output
    assert len(stored(folder)) == 1


@pytest.mark.parametrize(
    ("fingerprint", "why"),
    [
        (read_certificate(NCA.certificate).fingerprint, "its fingerprint is not the one given"),
        ("", "a SHA-256 fingerprint has 64 hexadecimal digits"),
        (FINGERPRINT[:-2], "a SHA-256 fingerprint has 64 hexadecimal digits"),
        ("x" * 64, "a SHA-256 fingerprint has 64 hexadecimal digits"),
    ],
    ids=["another", "empty", "short", "letters"],
)
def test_another_fingerprint_is_refused(
    program: Flask, folder: Path, tmp_path: Path, fingerprint: str, why: str
) -> None:
    file = written(tmp_path, ROOT.certificate)
    status, output = in_folder(program, "add", file, f"--fingerprint={fingerprint}")
    assert status == 1
    assert output.endswith(f"is refused: {why}\n")
    assert not folder.exists()


def test_a_fingerprint_that_is_given_counts_more_than_one_that_is_known(
    program: Flask, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PINNED, FINGERPRINT, Pinned("ROOT", SOURCE))
    file = written(tmp_path, ROOT.certificate)
    assert in_folder(program, "add", file, "--fingerprint", "0" * 64)[0] == 1
    assert not folder.exists()


def odd(*extensions: bytes) -> Holder:
    return pki.certify(pki.name("ODD"), pki.rsa_key("odd"), None, extensions)


@pytest.mark.parametrize(
    ("who", "why"),
    [
        (IVAN, "it is not the certificate of an authority"),
        (odd(), "it is not the certificate of an authority"),
        (odd(pki.basic_constraints(ca=False)), "it is not the certificate of an authority"),
        (
            odd(pki.basic_constraints(), pki.key_usage("digitalSignature")),
            "its key is not for signing certificates",
        ),
        (odd(pki.extension("2.5.29.19", b"damage")), "extension 2.5.29.19 is broken"),
        (odd(pki.basic_constraints(), pki.basic_constraints()), "extension 2.5.29.19 occurs twice"),
    ],
    ids=range(6),
)
def test_who_is_no_authority_is_refused_whatever_its_fingerprint(
    program: Flask, folder: Path, tmp_path: Path, who: Holder, why: str
) -> None:
    fingerprint = read_certificate(who.certificate).fingerprint
    file = written(tmp_path, who.certificate)
    status, output = in_folder(program, "add", file, "--fingerprint", fingerprint)
    assert status == 1
    assert output.endswith(f"is refused: {why}\n")
    assert not folder.exists()


def test_a_certificate_may_come_from_an_address(program: Flask, folder: Path, site: Site) -> None:
    address = site.serve("/nca.cer", NCA.certificate)
    fingerprint = read_certificate(NCA.certificate).fingerprint
    assert in_folder(program, "add", address)[0] == 1
    assert in_folder(program, "add", address, "--fingerprint", fingerprint)[0] == 0
    assert list(stored(folder)) == [f"nca-{fingerprint[:16]}.pem"]


def test_an_address_may_fail(program: Flask, folder: Path, site: Site) -> None:
    for address, why in (
        (site.url("/none"), "did not return what was requested"),
        (site.serve("/page", b"<html>"), "no certificate is in it"),
        (
            site.serve("/large", b"x" * (MAX_CERTIFICATES_SIZE + 1)),
            f"answers with more than {MAX_CERTIFICATES_SIZE} bytes",
        ),
    ):
        status, output = in_folder(program, "add", address)
        assert status == 1
        assert output.startswith(f"Error: {address} can't be read: ")
        assert output.endswith(f"{why}\n")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"nonsense", "no certificate is in it"),
        (pem(ROOT.certificate) + pem(NCA.certificate), "2 certificates are in it, not one"),
        (ROOT.certificate[:-1], "a certificate in it can't be read"),
    ],
    ids=range(3),
)
def test_a_file_may_be_something_else(
    program: Flask, tmp_path: Path, data: bytes, why: str
) -> None:
    status, output = in_folder(program, "add", written(tmp_path, data))
    assert (status, output.rpartition(": ")[2]) == (1, f"{why}\n")


def test_a_file_may_be_missing(program: Flask, tmp_path: Path) -> None:
    status, output = in_folder(program, "add", str(tmp_path / "none"))
    assert status == 1
    assert output == f"Error: {tmp_path / 'none'} can't be read: No such file or directory\n"


def test_what_is_there_is_not_stored_again(program: Flask, folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    (folder / "mine.crt").write_bytes(ROOT.certificate)
    file = written(tmp_path, ROOT.certificate)
    status, output = in_folder(program, "add", file, "--fingerprint", FINGERPRINT)
    assert status == 0
    assert output.endswith(f"is there     {folder / 'mine.crt'}\n")
    assert list(stored(folder)) == ["mine.crt"]


def test_an_intermediate_is_no_anchor(program: Flask, folder: Path, tmp_path: Path) -> None:
    fingerprint = read_certificate(NCA.certificate).fingerprint
    more = ("--fingerprint", fingerprint, "--intermediate")
    for _ in range(2):
        file = written(tmp_path, NCA.certificate)
        assert in_folder(program, "add", file, *more)[0] == 0
    assert list(stored(folder)) == [f"intermediates/nca-{fingerprint[:16]}.pem"]
    assert "no signature is trusted" in in_folder(program, "list")[1]


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("НЕГІЗГІ КУӘЛАНДЫРУШЫ (GOST) 2022", "негізгі-куәландырушы-gost-2022"),
        ("/" * 10, "certificate"),
        ("x" * 900, "x" * 50),
        (".hidden\n\x1b[31m", "hidden-31m"),
    ],
)
def test_a_subject_can_not_choose_where_it_is_stored(
    program: Flask, folder: Path, tmp_path: Path, subject: str, name: str
) -> None:
    who = pki.certify(pki.name(subject), pki.rsa_key("odd"), None, pki.AUTHORITY)
    fingerprint = read_certificate(who.certificate).fingerprint
    file = written(tmp_path, who.certificate)
    status, output = in_folder(program, "add", file, "--fingerprint", fingerprint)
    assert status == 0
    assert "\x1b" not in output
    assert list(stored(folder)) == [f"{name}-{fingerprint[:16]}.pem"]


def test_a_folder_that_can_not_be_written_is_reported(
    program: Flask, folder: Path, tmp_path: Path
) -> None:
    folder.touch()
    file = written(tmp_path, ROOT.certificate)
    status, output = in_folder(program, "add", file, "--fingerprint", FINGERPRINT)
    assert status == 1
    assert f"Error: TRUST_DIR ({folder}) can't be written: " in output


def test_list_says_that_nothing_is_there(program: Flask, folder: Path) -> None:
    assert in_folder(program, "list") == (
        0,
        f"There is no trust anchor in {folder}: no signature is trusted.\n",
    )


def test_list_reports_all_that_is_in_the_folder(program: Flask, folder: Path) -> None:
    day = timedelta(days=1)
    old = pki.certify(
        pki.name("OLD"), pki.rsa_key("old"), None, pki.AUTHORITY, valid=(LONG_AGO, LONG_AGO + day)
    )
    (folder / "intermediates").mkdir(parents=True)
    (folder / "a.pem").write_bytes(pem(ROOT.certificate) + pem(old.certificate))
    (folder / "intermediates" / "nca.der").write_bytes(NCA.certificate)
    (folder / "nca.crl").write_bytes(crl(this_update=LONG_AGO, next_update=LONG_AGO + day))
    (folder / "root.crl").write_bytes(crl(ROOT, this_update=NOT_BEFORE, next_update=NOT_AFTER))
    (folder / "ivan.ocsp").write_bytes(pki.ocsp(NCA, 0xABC, this_update=LONG_AGO))
    (folder / "bad.crl").write_bytes(b"nonsense")
    status, output = in_folder(program, "list")
    assert status == 0
    logged, *blocks = re.split(r"\n(?=\S)", output.rstrip("\n"))
    line = json.loads(logged)
    assert (line["level"], line["logger"]) == ("WARNING", "app.trust.folder")
    assert line["message"] == "TRUST_DIR: bad.crl is left out: no CRL is in it"
    assert [block.split("\n")[0] for block in blocks] == [
        "anchor:",
        "anchor:",
        "intermediate:",
        "CRL:",
        "CRL:",
        "OCSP response:",
        "left out: bad.crl: no CRL is in it",
    ]
    root, expired, nca, old_crl, new_crl, response, _ = blocks
    assert root.split("\n")[1:] == [
        "  subject      ROOT",
        "  issuer       ROOT",
        "  valid        2024-01-01 to 2034-01-01",
        f"  SHA-256      {FINGERPRINT}",
        "  file         a.pem",
    ]
    assert "  valid        2024-06-01 to 2024-06-02, expired" in expired
    assert "  file         intermediates/nca.der" in nca
    assert "  valid        2024-06-01 to 2024-06-02, expired" in old_crl
    assert "  issuer       ROOT\n  valid        2024-01-01 to 2034-01-01\n  SHA-256" in new_crl
    assert "  certificate  abc\n  valid        from 2024-06-01 00:00 UTC\n" in response
