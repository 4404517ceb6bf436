"""Certificates in files: PEM, DER, and what pretends to be one of them."""

import tracemalloc
from pathlib import Path

import pytest

from app.cms.x509.certificate import read_certificate
from app.trust.errors import UnreadableFile
from app.trust.files import (
    UNFINISHED,
    read_certificates,
    read_crl_bytes,
    read_file,
    write_file,
    write_pem,
)
from tests import pki
from tests.pki import NOT_AFTER, NOT_BEFORE
from tests.trust.asking import pem

ROOT, NCA = pki.root(), pki.authority()


def test_a_certificate_is_read_in_any_form() -> None:
    expected = [read_certificate(ROOT.certificate)]
    assert read_certificates(ROOT.certificate) == expected
    assert read_certificates(pem(ROOT.certificate)) == expected
    assert read_certificates(pem(ROOT.certificate, line_end="\r\n")) == expected
    explained = "Это корень\nsubject=/CN=ROOT\n".encode() + pem(ROOT.certificate)
    assert read_certificates(explained) == expected


@pytest.mark.attacks
@pytest.mark.parametrize("blanked", [b"AA ", b"A\n"])
def test_blanks_in_pem_take_no_memory_each(blanked: bytes) -> None:
    data = b"-----BEGIN CERTIFICATE-----\n%b\n-----END CERTIFICATE-----\n" % (blanked * 3_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableFile):
            read_certificates(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(data)


def test_pem_holds_several_and_other_things_between() -> None:
    bundle = pem(ROOT.certificate) + pem(b"secret", "PRIVATE KEY") + pem(NCA.certificate)
    assert read_certificates(bundle) == [
        read_certificate(ROOT.certificate),
        read_certificate(NCA.certificate),
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no certificate is in it"),
        (b"nothing of the kind", "no certificate is in it"),
        (pem(b"secret", "PRIVATE KEY"), "no certificate is in it"),
        (pem(b"anything"), "a certificate in it can't be read"),
        (ROOT.certificate[:-1], "a certificate in it can't be read"),
        (ROOT.certificate + b"\0", "a certificate in it can't be read"),
        (pem(ROOT.certificate) + pem(NCA.certificate[:-9]), "a certificate in it can't be read"),
        (pem(b"0123").replace(b"=", b""), "its PEM is damaged"),
    ],
    ids=range(8),
)
def test_what_is_no_certificate_says_so(data: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_certificates(data)
    assert str(caught.value) == why


def test_what_is_der_to_others_is_der_here() -> None:
    hidden = pem(NCA.certificate).decode()
    host = pki.certify(pki.name(hidden), pki.rsa_key("host"), None, pki.AUTHORITY)
    assert hidden.encode() in host.certificate
    assert read_certificates(host.certificate) == [read_certificate(host.certificate)]


def test_a_crl_may_be_in_pem() -> None:
    crl = pki.crl(NCA, this_update=NOT_BEFORE, next_update=NOT_AFTER)
    assert read_crl_bytes(crl) == crl
    assert read_crl_bytes(pem(crl, "X509 CRL")) == crl
    for several in (b"", pem(crl), pem(crl, "X509 CRL") * 2):
        with pytest.raises(UnreadableFile, match=r"(no CRL is|2 CRLs are) in it"):
            read_crl_bytes(several)


def test_what_is_written_is_read_again() -> None:
    certificate = read_certificate(ROOT.certificate)
    assert write_pem(certificate) == pem(ROOT.certificate)


def test_a_file_has_a_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_file(file, 5) == b"12345"
    with pytest.raises(UnreadableFile, match="larger than 4 bytes"):
        read_file(file, 4)
    with pytest.raises(UnreadableFile, match="No such file"):
        read_file(tmp_path / "none", 4)
    with pytest.raises(UnreadableFile, match="not a regular file"):
        read_file(tmp_path, 4)


def test_a_file_is_written_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "made" / "on the way"
    write_file(place / "file", b"first")
    write_file(place / "file", b"second", durable=True)
    assert (place / "file").read_bytes() == b"second"
    assert (place / "file").stat().st_mode & 0o777 == 0o600
    (place / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_file(place / "taken", b"third")
    assert not [one for one in place.iterdir() if one.name.startswith(UNFINISHED)]
