"""Certificates, CRLs and OCSP responses in files: PEM or DER."""

import errno
import hashlib
import os
import re
import stat
import tempfile
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from string import whitespace
from typing import BinaryIO

from app.cms import Certificate, read_embedded_certificate
from app.store.database.private_files import hand_over, make_folder, sync_folder
from app.trust.errors import UnreadableFile

# Bytes of a file: certificates have 2 KB, and a file may hold a hundred. CRLs may be larger if they
# aren't read into memory (`app.trust.lists`).
MAX_CERTIFICATES_SIZE = 1024 * 1024
MAX_REVOCATION_SIZE = 64 * 1024 * 1024

#: Prefix of the name of a file that is not complete yet.
UNFINISHED = ".new-"

_CERTIFICATE = b"CERTIFICATE"
_CRL = b"X509 CRL"
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----")
_SEQUENCE, _LONG_LENGTH = 0x30, 0x80
_BLANKS = whitespace.encode()
_LINE = 64
_PIECE = 1 << 16


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file; reading a pipe or a device might never end. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return open(handle, "rb")


def read_file(path: Path, limit: int) -> bytes:
    """Return the contents of a file. Raises UnreadableFile."""
    try:
        with open_regular(path) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise UnreadableFile("{why}", why=error.strerror or type(error).__name__) from error
    if len(data) > limit:
        raise UnreadableFile("larger than {limit} bytes", limit=limit)
    return data


def read_certificates(data: bytes) -> list[Certificate]:
    """Read the certificates in PEM, or the one in DER. Raises UnreadableFile."""
    certificates = []
    for der in _unarmour(data, _CERTIFICATE):
        certificate = read_embedded_certificate(der)
        if certificate is None:
            raise UnreadableFile("a certificate in it can't be read")
        certificates.append(certificate)
    if not certificates:
        raise UnreadableFile("no certificate is in it")
    return certificates


def read_crl_bytes(data: bytes) -> bytes:
    """Return the DER of a CRL that may be in PEM. Raises UnreadableFile."""
    crls = _unarmour(data, _CRL)
    if not crls:
        raise UnreadableFile("no CRL is in it")
    if len(crls) > 1:
        raise UnreadableFile("{count} CRLs are in it, not one", count=len(crls))
    return crls[0]


def _unarmour(data: bytes, label: bytes) -> list[bytes]:
    """Return the data under a PEM label (RFC 7468); data that begin as DER are DER to the end.

    So PEM can't be hidden in a certificate that others read as DER. Raises UnreadableFile.
    """
    if len(data) > 1 and data[0] == _SEQUENCE and data[1] & _LONG_LENGTH:
        return [data]
    try:
        return [
            a2b_base64(body.translate(None, _BLANKS), strict_mode=True)
            for found, body in _BLOCK.findall(data)
            if found == label
        ]
    except Base64Error as error:
        raise UnreadableFile("its PEM is damaged") from error


def copy_crl(source: BinaryIO, target: BinaryIO, limit: int) -> str:
    """Copy a CRL of at most `limit` bytes in pieces, also from PEM; return the SHA-256 of its DER.

    Raises UnreadableFile or OSError.
    """
    digest, left = hashlib.sha256(), limit
    is_der = source.read(1) == bytes((_SEQUENCE,))
    source.seek(0)
    for piece in iter(lambda: source.read(_PIECE), b"") if is_der else _decode(source):
        left -= len(piece)
        if left < 0:
            raise UnreadableFile("larger than {limit} bytes", limit=limit)
        digest.update(piece)
        target.write(piece)
    target.flush()
    return digest.hexdigest()


def _decode(source: BinaryIO) -> Iterator[bytes]:
    """Decode the one CRL in PEM, line by line. Raises UnreadableFile."""
    begin, end = (b"-----" + word + b" " + _CRL + b"-----" for word in (b"BEGIN", b"END"))
    found, text, is_inside = 0, b"", False
    for line in iter(lambda: source.readline(_PIECE), b""):
        stripped = line.strip()
        if stripped == begin:
            found, is_inside = found + 1, True
        elif stripped == end and is_inside:
            yield _decode_text(text)
            text, is_inside = b"", False
        elif is_inside:
            text += stripped
            if len(text) >= _PIECE:
                whole = len(text) // 4 * 4
                yield _decode_text(text[:whole])
                text = text[whole:]
    if is_inside or not found:
        raise UnreadableFile("no CRL is in it")
    if found > 1:
        raise UnreadableFile("{count} CRLs are in it, not one", count=found)


def _decode_text(text: bytes) -> bytes:
    try:
        return a2b_base64(text.translate(None, _BLANKS), strict_mode=True)
    except Base64Error as error:
        raise UnreadableFile("its PEM is damaged") from error


def write_pem(certificate: Certificate) -> bytes:
    """Write a certificate in PEM."""
    text = b2a_base64(certificate.der, newline=False)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))


def write_file(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file atomically into its folder, which is created if needed.

    Both are accessible to their owner only. `durable`: the file is on disk on return. Raises
    OSError.
    """
    make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            hand_over(handle, path.parent)
            if durable:
                os.fsync(file.fileno())
        os.replace(name, path)
        if durable:
            sync_folder(path.parent)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
