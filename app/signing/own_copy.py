"""A signer's own signature, taken out of the version that it was joined into."""

from __future__ import annotations

from sqlalchemy import Engine

from app.cms import SignedData, parse, separate_signer
from app.signing.checking import is_person
from app.store.errors import SignatureNotFound
from app.store.packages.signing import AskedSigner, AskedSigning
from app.store.signatures import reading
from app.trust.turns import Turns


def find_own_copy(engine: Engine, turns: Turns, asked: AskedSigning, number: int) -> bytes | None:
    """Return what a link's holder signed under a document: a detached CMS of that signer alone.

    The signature stays as it is, byte by byte; certificates of the other signers are left out. None
    if the signer has not signed it, or what is kept is no CMS. Raises Busy.
    """
    document = next((one for one in asked.documents if one.number == number), None)
    if document is None or not document.signed:
        return None
    try:
        with engine.connect() as connection:
            record = reading.get_signature(connection, document.document, document.thread)
    except SignatureNotFound:
        return None  # It was deleted in between.
    with turns.reading(record.text):
        return _separate(record.text, asked.signer)


def _separate(text: str, person: AskedSigner) -> bytes | None:
    signature = parse(text, trailing_zeros=True)
    if not isinstance(signature, SignedData):
        return None
    mine = (one.number for one in signature.signers if is_person(one.claims, person))
    place = next(mine, None)
    return None if place is None else separate_signer(signature.der, place)
