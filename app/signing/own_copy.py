"""A signer's own signature, taken out of the version that was saved by the signer's link."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from app.cms import SignedData, SignedXml, parse, separate_signer
from app.store.errors import SignatureNotFound
from app.store.packages.signing import AskedSigning
from app.store.packages.signings import list_own_signings
from app.store.signatures.large_texts import Key, LargeText, find_text
from app.trust.turns import Turns


def find_own(connection: Connection, asked: AskedSigning) -> dict[int, tuple[Key, int]]:
    """Return where the own signatures of a link's holder are: version and place, by document.

    What the holder signed elsewhere and others saved is not among them: which signer that is, only
    a certificate says.
    """
    saved = list_own_signings(connection, asked.link)
    signed = (one.number for one in asked.documents if one.signed)
    return {number: saved[number] for number in signed if number in saved}


def find_own_copy(engine: Engine, turns: Turns, asked: AskedSigning, number: int) -> bytes | None:
    """Return what a link's holder signed under a document: a detached CMS of that signer alone.

    The signature stays as it is, byte by byte; certificates of the other signers are left out. None
    if there is none that the holder saved by the link. Raises Busy.
    """
    with engine.connect() as connection:
        key, place = find_own(connection, asked).get(number, (None, 0))
        found = None if key is None else find_text(connection, key)
    if found is None:
        return None
    with turns.reading_size(found.size if isinstance(found, LargeText) else len(found)):
        try:
            signature = _read(found)
        except SignatureNotFound:
            return None  # It was deleted in between.
        return separate_signer(signature.der, place) if isinstance(signature, SignedData) else None


def _read(found: str | LargeText) -> SignedData | SignedXml:
    text = found.read() if isinstance(found, LargeText) else found
    return parse(text, trailing_zeros=True)
