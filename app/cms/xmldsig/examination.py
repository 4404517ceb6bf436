"""All that a verification needs of a document: in one errand, which builds it once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from app.cms.xmldsig.document import SignedDocument
from app.cms.xmldsig.free_memory import give_back_after
from app.cms.xmldsig.own_thread import TooMuchWork, in_own_thread
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.stamped_values import canonicalise_values
from app.cms.xmldsig.unsigned_values import UnsignedValues, read_values
from app.cms.xmldsig.verification import XmlChecked, check_all, leave_open


@dataclass(slots=True)
class XmlExamined:
    """What was found of each ds:Signature, in the order of `SignedXml.signatures`.

    `values` are its unsigned properties, and `stamped` what timestamps that are stored apart are
    over, each None if that was not asked for or takes too much. They come first, so that they are
    there if the references take too much: `checked` is unknown then.
    """

    checked: tuple[XmlChecked, ...]
    values: tuple[UnsignedValues, ...]
    stamped: tuple[bytes | None, ...]


def examine_xml(signature: SignedXml, *, stamped: bool = False) -> XmlExamined:
    """Read the unsigned values of all signatures, canonicalise what is stamped, and check all.

    What takes more CPU time than all of it may is unknown, or left out. Raises MalformedSignature
    if `signature` was not returned by `parse`.
    """
    count = len(signature.signatures)
    found = XmlExamined(leave_open(signature), (UnsignedValues(),) * count, (None,) * count)
    with suppress(TooMuchWork):
        in_own_thread(partial(_examine_alone, signature, found, stamped=stamped))
    return found


def _examine_alone(signature: SignedXml, found: XmlExamined, *, stamped: bool) -> None:
    """Examine a document in a thread of its own, which leaves nothing behind."""
    _examine(signature, found, stamped=stamped)
    give_back_after(len(signature.xml))


def _examine(signature: SignedXml, found: XmlExamined, *, stamped: bool) -> None:
    document = SignedDocument(signature)
    found.values = read_values(document, signature.xml)
    if stamped:
        found.stamped = canonicalise_values(document)
    # Timestamps, which anyone may have added, leave the references what they may cost.
    document.canonicaliser.budget.renew()
    found.checked = check_all(document)
