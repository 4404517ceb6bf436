"""An evidence package: the signature as it was saved, and beside it all that proves it.

Nothing goes into the signature, so there is a package of any signature with evidence. It is a ZIP
archive without compression, the same for the same contents, and each file in it is of a kind that
other programs read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from app.cms import (
    CannotAugment,
    SignatureFile,
    SignedData,
    SignedXml,
    full_ocsp_response,
    read_embedded_certificate,
    stamped_values,
)
from app.evidence.packages import names
from app.evidence.packages.archive import write_archive
from app.evidence.packages.readme import write_readme
from app.evidence.records import StoredRecord, record_with_proofs
from app.store.evidence.reading import KeptItem
from app.trust.files import write_pem


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of a package, and the numbers of the signers for whom it was obtained."""

    name: str
    data: bytes
    signers: tuple[int, ...] = ()


def write_package(
    file: SignatureFile,
    signature: SignedData | SignedXml,
    items: Iterable[KeptItem],
    stored: StoredRecord | None,
) -> bytes:
    """Return the package of a signature, with what is kept for it and its evidence record.

    Nothing is verified. Raises:
        MalformedSignature: the signature is damaged where parsing did not notice.
        MalformedRevocation: an OCSP response is damaged.
        CannotAugment: it would be too large.
    """
    listed = tuple(items)
    proofs = stored.items if stored else ()
    packed = [
        Packed(names.signature_name(file), file.data),
        *_pack_tokens(signature, listed),
        *_pack_certificates((*listed, *proofs)),
        *_pack_revocation((*listed, *proofs)),
    ]
    if stored is not None:
        packed.append(Packed(names.RECORD, record_with_proofs(stored).der))
    readme = write_readme([(one.name, one.signers, sha256(one.data).hexdigest()) for one in packed])
    packed.insert(0, Packed(names.README, readme.encode()))
    if sum(len(one.data) for one in packed) > names.MAX_SIZE or len(packed) > names.MAX_FILES:
        raise CannotAugment("the package would become too large")
    return write_archive((one.name, one.data) for one in packed)


def _pack_tokens(signature: SignedData | SignedXml, items: Iterable[KeptItem]) -> Iterator[Packed]:
    """List the tokens, each signer's with the octets that they are over."""
    tokens: dict[int, list[bytes]] = {}
    for item in items:
        if item.kind == "timestamp":
            tokens.setdefault(item.number, []).append(item.data)
    octets = stamped_values(signature) if tokens else ()
    for number, ders in sorted(tokens.items()):
        for place, der in enumerate(ders):
            yield Packed(names.token_name(number, place), der, (number,))
        if stamped := octets[number - 1]:
            yield Packed(names.stamped_name(number), stamped, (number,))


def _pack_certificates(items: Iterable[KeptItem]) -> Iterator[Packed]:
    """List a file for each certificate that can be read, and one with all, if there are any."""
    ders = dict.fromkeys(item.data for item in items if item.kind == "certificate")
    certificates = [one for one in map(read_embedded_certificate, ders) if one]
    if certificates:
        pems = [write_pem(one) for one in certificates]
        yield Packed(names.CERTIFICATES, b"".join(pems))
        for place, pem in enumerate(pems, 1):
            yield Packed(f"{names.CERTIFICATE_FOLDER}/{place}.pem", pem)


def _pack_revocation(items: Iterable[KeptItem]) -> Iterator[Packed]:
    """List OCSP responses and CRLs, each once. Raises MalformedRevocation."""
    signers: Mapping[str, dict[bytes, set[int]]] = {kind: {} for kind in names.FOLDERS}
    for item in items:
        if item.kind in signers:
            # What proves a record is for no signer: its number is 0.
            signers[item.kind].setdefault(item.data, set()).add(item.number)
    for kind, (folder, suffix) in names.FOLDERS.items():
        for place, (der, numbers) in enumerate(signers[kind].items(), 1):
            data = full_ocsp_response(der) if kind == "ocsp" else der
            yield Packed(f"{folder}/{place}.{suffix}", data, tuple(sorted(numbers - {0})))
