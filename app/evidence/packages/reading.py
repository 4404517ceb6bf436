"""Evidence packages, read again: what they prove is found out from the files in them alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from app.cms import (
    CmsError,
    EvidenceRecord,
    MalformedEvidenceRecord,
    MalformedSignature,
    SignatureFile,
    read_evidence_record,
)
from app.evidence.packages import names
from app.evidence.packages.archive import DAMAGE, list_files
from app.store.evidence.reading import KeptItem
from app.trust.errors import UnreadableFile
from app.trust.files import read_certificates
from app.trust.kept import Kept, kept_of

_UNKNOWN: Final = datetime(1980, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PackedRecord:
    """The evidence record of a package, and what proves its timestamps: all that is in it."""

    record: EvidenceRecord
    items: tuple[KeptItem, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """A signature, and the evidence beside it. Nothing of it is believed.

    `files` are all of the archive, by their names and in its order.
    """

    file: SignatureFile
    items: tuple[KeptItem, ...]
    record: PackedRecord | None
    files: Mapping[str, bytes] = field(repr=False)

    @property
    def kept(self) -> Kept:
        """The evidence as the verifier takes it: the sender of the package chose it."""
        return kept_of(self.items, is_brought=True)


def read_package(data: bytes) -> Package:
    """Read a package. Raises MalformedSignature if it is none, or too large."""
    try:
        files = dict(list_files(data))
        [(form, name)] = [one for one in names.SIGNATURES.items() if one[1] in files]
        items = tuple(_list_items(files))
        record = files.get(names.RECORD)
        return Package(
            SignatureFile("xml" if form == "xml" else "cms", files[name]),
            items,
            PackedRecord(read_evidence_record(record), items) if record is not None else None,
            files,
        )
    except (*DAMAGE, CmsError, UnreadableFile, MalformedEvidenceRecord) as error:
        raise MalformedSignature("the evidence package is malformed") from error


def _list_items(files: Mapping[str, bytes]) -> Iterator[KeptItem]:
    """List tokens, certificates and revocation data."""
    for name, data in files.items():
        if token := names.TOKEN.fullmatch(name):
            yield _item(int(token[1]), "timestamp", data)
        elif item := revocation_in(name, data):
            yield item
        elif name == names.CERTIFICATES:
            for certificate in read_certificates(data):
                yield _item(0, "certificate", certificate.der)


def revocation_in(name: str, data: bytes) -> KeptItem | None:
    """Return the CRL or OCSP response that a file has by its name; None if it has neither."""
    if names.OCSP.fullmatch(name):
        return _item(0, "ocsp", data)
    return _item(0, "crl", data) if names.CRL.fullmatch(name) else None


def _item(number: int, kind: str, data: bytes) -> KeptItem:
    return KeptItem(number, kind, sha256(data).digest(), data, _UNKNOWN)
