"""An evidence package has no file and no byte but its own."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import pytest

from app.cms import MalformedSignature, parse_der
from app.evidence.packages.comparing import list_others
from app.evidence.packages.reading import read_package
from tests import pki
from tests.packages import zipped

GOOD = {"signature.p7m": pki.sign(pki.person()).der}


@pytest.mark.parametrize(
    "name",
    [
        "document.pdf", "Signature.P7M", "./signature.p7m", "x/../signature.p7m", "signature.p7m/",
        "crl/", "crl/0.crl", "crl/1.CRL", "crl/1.crl.txt", "crl/1.crl\n",
        "timestamps/1.octets.txt", "certificates/a.pem", "readme.txt", "signature.xml",
    ],
)  # fmt: skip
def test_a_file_by_another_name_is_refused(name: str) -> None:
    assert read_package(zipped(GOOD)).file.data == GOOD["signature.p7m"]
    with pytest.raises(MalformedSignature):
        read_package(zipped({**GOOD, name: b"0"}))


def test_a_name_that_is_cut_at_a_zero_byte_is_refused() -> None:
    longer = "signature.p7m_.txt"
    data = zipped({longer: GOOD["signature.p7m"]})
    data = data.replace(longer.encode(), b"signature.p7m\0.txt")
    with pytest.raises(MalformedSignature):
        read_package(data)


def commented(of_file: bool, extra: bytes = b"") -> bytes:
    """Return an archive with a comment, or an extra field, where this program writes none."""
    written = BytesIO()
    with ZipFile(written, "w", ZIP_STORED) as archive:
        info = ZipInfo("signature.p7m")
        info.comment, info.extra = b"comment" if of_file and not extra else b"", extra
        archive.writestr(info, GOOD["signature.p7m"])
        archive.comment = b"" if of_file else b"comment"
    return written.getvalue()


WHOLE = zipped(GOOD)


@pytest.mark.parametrize(
    "data",
    [
        b"0" + WHOLE,
        WHOLE + b"0",
        zipped({"document.pdf": b"0"}) + WHOLE,
        WHOLE + zipped({"document.pdf": b"0"}),
        WHOLE[:-2] + b"\1\0" + b"0",
        commented(of_file=True),
        commented(of_file=False),
        commented(of_file=True, extra=b"\xff\xff\1\0x"),
    ],
    ids=[
        "before", "behind", "archive before", "archive behind", "comment behind", "of a file",
        "comment", "extra field",
    ],
)  # fmt: skip
def test_bytes_around_its_files_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedSignature):
        read_package(data)


def test_a_file_that_the_directory_does_not_list_is_refused() -> None:
    """Programs that read an archive from its beginning would see it."""
    one, other = zipped({"document.pdf": b"0"}), zipped(GOOD)
    hidden = one[: one.index(b"PK\1\2")]
    start = other.index(b"PK\1\2")
    moved = bytearray(hidden + other)
    at = len(hidden) + start
    moved[at + 42 : at + 46] = len(hidden).to_bytes(4, "little")
    moved[-6:-2] = at.to_bytes(4, "little")
    with ZipFile(BytesIO(moved)) as archive:
        assert archive.read("signature.p7m") == GOOD["signature.p7m"]
    with pytest.raises(MalformedSignature):
        read_package(bytes(moved))


@pytest.mark.attacks
def test_a_long_text_about_the_files_is_not_read() -> None:
    line = b"0" * 64 + b"  ocsp/1.ors  signer 1" + b", 1" * 5_000_000 + b"\n"
    package = read_package(zipped({"README.txt": line, **GOOD}))
    tracemalloc.start()
    try:
        assert "README.txt" in list_others(package, parse_der(package.file.data))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1024 * 1024
