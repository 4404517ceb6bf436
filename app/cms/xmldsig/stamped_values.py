"""What a timestamp on an XML signature is over (SignatureTimeStamp, ETSI EN 319 132-1 section 5.3).

That is the element ds:SignatureValue, canonicalised; here always by Exclusive XML Canonicalization
1.0 without comments, whose octets depend on no other part of the document.
"""

from functools import partial

from app.cms.xmldsig.canonical_forms import Form, Undecided
from app.cms.xmldsig.document import SignedDocument
from app.cms.xmldsig.free_memory import give_back_after
from app.cms.xmldsig.own_thread import TooMuchWork, in_own_thread
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.signatures import find_child

_FORM = Form(exclusive=True)


def stamped_values(signature: SignedXml) -> tuple[bytes | None, ...]:
    """Return the octets for each ds:Signature, in the order of `signature.signatures`.

    None for those that take too much to canonicalise. Raises MalformedSignature if `signature` was
    not returned by `parse`.
    """
    try:
        return in_own_thread(partial(_canonicalise_alone, signature))
    except TooMuchWork:
        return (None,) * len(signature.signatures)


def _canonicalise_alone(signature: SignedXml) -> tuple[bytes | None, ...]:
    """Canonicalise them in a thread of its own, which leaves nothing behind."""
    found = canonicalise_values(SignedDocument(signature))
    give_back_after(len(signature.xml))
    return found


def canonicalise_values(document: SignedDocument) -> tuple[bytes | None, ...]:
    """Return the octets for each ds:Signature; None for those that take too much."""
    return tuple(_canonicalise(document, number) for number in document.signatures)


def _canonicalise(document: SignedDocument, number: int) -> bytes | None:
    value = find_child(document.signatures[number], "SignatureValue", number)
    try:
        return b"".join(document.canonicaliser.octets(value, _FORM))
    except Undecided:
        return None
