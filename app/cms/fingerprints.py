"""Digests, in hex, by which a signature and its content can be found again."""

import hashlib
from dataclasses import dataclass

from app.cms.claims import attached_content, describe
from app.cms.signed_data.parsing import SignedData
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.xmldsig.parsing import SignedXml


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Digests of a signature and of its content.

    `signature` is the SHA-256 of the signature's own bytes, `content` that of the attached content.
    `message_digests` are pairs of digest algorithm (dotted) and message digest, as the signers
    state them: digests of the same content are equal only if their algorithm is.
    """

    signature: str
    content: str | None
    message_digests: tuple[tuple[str, str], ...]
    #: Sizes in bytes; None if no content is attached.
    signature_size: int
    content_size: int | None


def fingerprints(
    signature: SignedData | SignedXml, signers: tuple[SignerInfo, ...] | None = None
) -> Fingerprints:
    """Return the digests of a signature; `signers` is the result of `describe`, if known."""
    own = signature.xml if isinstance(signature, SignedXml) else signature.der
    content = attached_content(signature)
    pairs = (
        (signer.digest_algorithm, signer.message_digest.hex())
        for signer in (describe(signature) if signers is None else signers)
        if signer.message_digest is not None
    )
    return Fingerprints(
        signature=hashlib.sha256(own).hexdigest(),
        content=None if content is None else hashlib.sha256(content).hexdigest(),
        message_digests=tuple(dict.fromkeys(pairs)),
        signature_size=len(own),
        content_size=None if content is None else len(content),
    )
