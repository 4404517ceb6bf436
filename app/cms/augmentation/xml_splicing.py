"""Unsigned properties spliced into an XML document: every byte that was there stays as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256

from lxml import etree

from app.cms.augmentation.errors import NOT_KNOWN, CannotAugment
from app.cms.augmentation.xades_elements import XADES, Branch, write_object
from app.cms.augmentation.xml_places import Edit, apply, edits_within, find_places
from app.cms.xmldsig.own_thread import TooMuchWork, in_own_thread
from app.cms.xmldsig.parsing import SignedXml, parse_document
from app.cms.xmldsig.security_tokens import DS
from app.cms.xmldsig.signatures import find_signatures

# What is referred to in a Manifest, or by a signature without a certificate, is not verified here.
_MANIFEST, _SIGNATURE = DS + "Manifest", DS + "Signature"
_PROPERTIES = f"{DS}Object/{{*}}QualifyingProperties"
# Unsigned properties that cover others, which must not be followed by new ones that they lack.
_COVERING = ("ArchiveTimeStamp", "SigAndRefsTimeStamp", "RefsOnlyTimeStamp")
_UNSIGNED = "UnsignedProperties/{*}UnsignedSignatureProperties/{*}"
# Revocation data of another kind stand last: what would come behind them is not of the schema.
_OTHERS = f"{{*}}{_UNSIGNED}RevocationValues/{{*}}OtherValues"
_PLAIN_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,200}")


@dataclass(slots=True)
class _Growth:
    """What an element gets: before its contents, after them, and as an Id."""

    first: bytes = b""
    last: bytes = b""
    identifier: str | None = None


@dataclass(slots=True)
class _Splice:
    """The additions to one document, by the elements that get them."""

    root: etree._Element
    growths: dict[etree._Element, _Growth] = field(default_factory=dict)

    def grow(self, element: etree._Element) -> _Growth:
        """Return what an element gets, to be added to."""
        return self.growths.setdefault(element, _Growth())

    def graft(self, element: etree._Element, branch: Branch) -> None:
        """Add a branch to an element: into the one of that name, if there is one."""
        place = None if branch.text else element.find(f"{{{XADES}}}{branch.name}")
        if place is not None:
            for one in branch.children:
                self.graft(place, one)
        elif branch.is_first:
            self.grow(element).first += branch.write()
        else:
            self.grow(element).last += branch.write()

    def edits(self, xml: bytes) -> list[Edit]:
        """Return all additions by their places. Raises CannotAugment."""
        numbered = {
            number: self.growths[element]
            for number, element in enumerate(self.root.iter("*"))
            if element in self.growths
        }
        found: list[Edit] = []
        for number, place in find_places(xml, numbered.keys()).items():
            growth = numbered[number]
            if growth.identifier is not None:
                text = f' Id="{growth.identifier}"'.encode()
                found.append(Edit(place.named, place.named, text))
            found += edits_within(place, growth.first, growth.last)
        return found


def splice(signature: SignedXml, additions: Mapping[int, Branch]) -> bytes:
    """Return a copy of a document with UnsignedProperties, by the number of their signature.

    Whether that changes what is signed is for the caller to check. Raises CannotAugment if there is
    no place for them.
    """
    try:
        return in_own_thread(partial(_splice, signature, additions))
    except TooMuchWork as error:
        raise CannotAugment("the document costs too much to check") from error


def _splice(signature: SignedXml, additions: Mapping[int, Branch]) -> bytes:
    root = parse_document(signature.xml)
    found = _Splice(root)
    signatures = find_signatures(root)
    if next(root.iter(_MANIFEST), None) is not None or len(signatures) < sum(
        1 for _ in root.iter(_SIGNATURE)
    ):
        raise CannotAugment(NOT_KNOWN.template)
    for number, (element, _) in enumerate(signatures, 1):
        if number in additions:
            _add(found, element, number, additions[number])
    return apply(signature.xml, found.edits(signature.xml))


def _add(found: _Splice, signature: etree._Element, number: int, branch: Branch) -> None:
    """Add the properties of one ds:Signature. Raises CannotAugment."""
    holders = signature.findall(_PROPERTIES)
    if not holders:
        identifier = _identify(found, signature, number)
        found.grow(signature).last += write_object(identifier, branch)
        return
    [holder, *more] = holders
    if more or holder.tag != f"{{{XADES}}}QualifyingProperties" or _is_sealed(holder):
        raise _no_place(number)
    found.graft(holder, branch)


def _is_sealed(holder: etree._Element) -> bool:
    """Return whether nothing may follow what there is."""
    covering = (f"{{*}}{_UNSIGNED}{name}" for name in _COVERING)
    return any(holder.find(path) is not None for path in (*covering, _OTHERS))


def _identify(found: _Splice, signature: etree._Element, number: int) -> str:
    """Return the Id of a ds:Signature, to which its properties refer; a new one if it has none."""
    present = signature.get("Id")
    if present is None:
        # Of the value, which no document has as an Id by accident.
        value = signature.findtext(f"{DS}SignatureValue", "")
        made = f"signature-{number}-{sha256(value.encode()).hexdigest()[:32]}"
        found.grow(signature).identifier = made
        return made
    if not _PLAIN_ID.fullmatch(present):
        raise _no_place(number)
    return present


def _no_place(number: int) -> CannotAugment:
    return CannotAugment("signature {number} has no place for evidence", number=number)
