"""Evidence packages, read again: what they prove is found out from the files in them alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Final
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from app.cms import (
    CmsError,
    EvidenceRecord,
    MalformedEvidenceRecord,
    MalformedSignature,
    SignatureFile,
    read_evidence_record,
)
from app.evidence.kept import kept_of
from app.evidence.packages import names
from app.store.evidence.reading import KeptItem
from app.trust.errors import UnreadableFile
from app.trust.files import read_certificates
from app.trust.kept import Kept

#: The beginning of each archive.
MAGIC: Final = b"PK\x03\x04"
#: Bytes of an archive: those of its files, and what is around them.
MAX_ARCHIVE: Final = names.MAX_SIZE + names.MAX_FILES * 512
_DAMAGE: Final = (
    BadZipFile, struct.error, EOFError, KeyError, NotImplementedError, OverflowError,
    RuntimeError, UnicodeError, ValueError,
)  # fmt: skip
_UNKNOWN: Final = datetime(1980, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PackedRecord:
    """The evidence record of a package, and what proves its timestamps: all that is in it."""

    record: EvidenceRecord
    items: tuple[KeptItem, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A signature, and the evidence beside it. Nothing of it is believed."""

    file: SignatureFile
    items: tuple[KeptItem, ...]
    record: PackedRecord | None

    @property
    def kept(self) -> Kept:
        """The evidence as the verifier takes it."""
        return kept_of(self.items)


def read_package(data: bytes) -> Package:
    """Read a package. Raises MalformedSignature if it is none, or too large."""
    try:
        files = dict(_list_files(data))
        [(form, name)] = [one for one in names.SIGNATURES.items() if one[1] in files]
        items = tuple(_list_items(files))
        record = files.get(names.RECORD)
        return Package(
            SignatureFile("xml" if form == "xml" else "cms", files[name]),
            items,
            PackedRecord(read_evidence_record(record), items) if record else None,
        )
    except (*_DAMAGE, CmsError, UnreadableFile, MalformedEvidenceRecord) as error:
        raise MalformedSignature("the evidence package is malformed") from error


def _list_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """List the files of an archive, none compressed. Raises ValueError and what zipfile does."""
    if len(data) > MAX_ARCHIVE:
        raise ValueError("too large")
    with ZipFile(BytesIO(data)) as archive:
        infos = archive.infolist()
        # Files may overlap in a damaged archive.
        if len(infos) > names.MAX_FILES or sum(one.file_size for one in infos) > len(data):
            raise ValueError("too large")
        if len({one.filename for one in infos}) != len(infos):
            raise ValueError("two files have one name")
        for info in infos:
            if info.compress_type != ZIP_STORED:
                raise ValueError("compressed")
            yield info.filename, archive.read(info)


def _list_items(files: Mapping[str, bytes]) -> Iterator[KeptItem]:
    """List tokens, certificates and revocation data."""
    for name, data in files.items():
        if token := names.TOKEN.fullmatch(name):
            yield _item(int(token[1]), "timestamp", data)
        elif names.OCSP.fullmatch(name):
            yield _item(0, "ocsp", data)
        elif names.CRL.fullmatch(name):
            yield _item(0, "crl", data)
        elif name == names.CERTIFICATES:
            for certificate in read_certificates(data):
                yield _item(0, "certificate", certificate.der)


def _item(number: int, kind: str, data: bytes) -> KeptItem:
    return KeptItem(number, kind, sha256(data).digest(), data, _UNKNOWN)
