"""What an XML signature states about its signer's certificate, besides its key.

The XAdES properties SigningCertificate and SigningCertificateV2 hold digests (ETSI EN 319 132-1
section 5.2.2), which are the signer's statement if they are signed. KeyInfo is not signed: anyone
can write X509IssuerSerial, X509SKI and X509Digest into it (XMLDSig section 4.5.4).
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.budget import Budget
from app.cms.errors import TooCostly, Undecidable
from app.cms.verdict import YES, Answer, Verdict, every, no, unknown
from app.cms.x509.certificate import Certificate, key_identifiers
from app.cms.xmldsig.canonical_forms import shortened
from app.cms.xmldsig.security_tokens import DS, DS_11, decode

# Names of one kind that are read.
MAX_NAMES = 16

_SIGNED_PROPERTIES = f"{DS}Object/{{*}}QualifyingProperties/{{*}}SignedProperties"
_SIGNING_CERTIFICATES = ("SigningCertificate", "SigningCertificateV2")
# Decimal digits of a serial number: 20 octets (RFC 5280 section 4.1.2.2) have 49.
_NUMBER = re.compile(r"-?[0-9]{1,100}")
# The first octets of a key identifier that is written with its OCTET STRING tag.
_OCTETS = b"\x04\x14"


@dataclass(frozen=True, slots=True)
class _Digests:
    """Digests of certificates, pairs of the algorithm's URI and value; one is the signer's.

    The others are of certificates of its path. `element` is their parent.
    """

    element: str
    signed: bool
    listed: tuple[tuple[str, bytes], ...]

    def judge(self, certificate: Certificate, budget: Budget) -> Verdict:
        """Return whether one of the digests is that of the certificate."""
        doubt: Verdict | None = None
        for uri, value in self.listed:
            oid = algorithms.DIGEST_URIS.get(uri)
            if oid is None:
                doubt = unknown("{name} is not supported", name=shortened(uri))
                continue
            try:
                if budget.digest(oid, certificate.der) == value:
                    return YES
            except TooCostly as error:
                return unknown(error.template, **error.values)
            except Undecidable as error:
                doubt = unknown(error.template, **error.values)
        if doubt is not None:
            return doubt
        if self.signed:
            return no(
                "the signature names another certificate ({attribute})", attribute=self.element
            )
        return _disagreement(self.element)


def _disagreement(element: str) -> Verdict:
    return unknown(
        "the signature names another certificate ({element}), in a place that is not signed",
        element=element,
    )


@dataclass(frozen=True, slots=True)
class NamedCertificate:
    """What a signature states about its signer's certificate; one of each given kind has to match.

    Serial numbers that can't be read are None. Issuer names, which are written in many ways, are
    not compared.
    """

    serial_numbers: frozenset[int | None]
    key_identifiers: frozenset[bytes]
    digests: tuple[_Digests, ...]

    def judge(self, certificate: Certificate, budget: Budget) -> Verdict:
        """Return whether everything that is named refers to this certificate."""
        verdicts = [digests.judge(certificate, budget) for digests in self.digests]
        if self.serial_numbers and certificate.serial_number not in self.serial_numbers:
            verdicts.append(_disagreement("X509IssuerSerial"))
        if self.key_identifiers and not self.key_identifiers & key_identifiers(certificate):
            verdicts.append(_disagreement("X509SKI"))
        return every(*verdicts)

    def may_mean(self, certificate: Certificate, budget: Budget) -> bool:
        """Return whether nothing that is signed contradicts this certificate."""
        signed = (digests for digests in self.digests if digests.signed)
        return all(one.judge(certificate, budget).answer is Answer.YES for one in signed)

    def fits(self, certificate: Certificate, budget: Budget) -> bool:
        """Return whether nothing that is named contradicts this certificate."""
        return self.judge(certificate, budget).answer is Answer.YES


def list_properties(part: etree._Element) -> list[etree._Element]:
    """List the SignedProperties that are in a part; see `_is_signed`.

    Limited for each part: none can be added to what is signed.
    """
    found = [part] if etree.QName(part).localname == "SignedProperties" else []
    for holder in (part, *islice(part.iterchildren("{*}QualifyingProperties"), MAX_NAMES)):
        found += islice(holder.iterchildren("{*}SignedProperties"), MAX_NAMES)
    return found


def read_named(
    signature: etree._Element,
    signed: Collection[etree._Element | None] = (),
    properties_within: Callable[[etree._Element], list[etree._Element]] = list_properties,
) -> NamedCertificate:
    """Read what a ds:Signature states about its signer's certificate.

    `signed` are the intact elements that it refers to. `properties_within` is `list_properties`, or
    remembers what that returned.
    """
    numbers: frozenset[int | None] = frozenset()
    identifiers: frozenset[bytes] = frozenset()
    digests = list(_read_properties(signature, signed, properties_within))
    key_info = signature.find(DS + "KeyInfo")
    if key_info is not None:
        numbers = frozenset(map(_read_number, _some(key_info, DS + "X509SerialNumber")))
        identifiers = frozenset(map(_read_identifier, _some(key_info, DS + "X509SKI")))
        listed = [
            (one.get("Algorithm", ""), decode(one)) for one in _some(key_info, DS_11 + "X509Digest")
        ]
        if listed:
            digests.append(_Digests("X509Digest", signed=False, listed=tuple(listed)))
    return NamedCertificate(numbers, identifiers, tuple(digests))


def _some(parent: etree._Element, tag: str) -> list[etree._Element]:
    return list(islice(parent.iter(tag), MAX_NAMES))


def _read_properties(
    signature: etree._Element,
    signed: Collection[etree._Element | None],
    properties_within: Callable[[etree._Element], list[etree._Element]],
) -> Iterator[_Digests]:
    """Read the XAdES properties: anyone can insert unsigned ones before the signed ones.

    Signed ones can also be moved to a place where no program reads them. There they decide nothing,
    but a certificate that they don't name makes the answer unknown.
    """
    found = [(one, _is_signed(one, signed)) for one in signature.iterfind(_SIGNED_PROPERTIES)]
    signed_first = sorted(found, key=lambda one: not one[1])
    in_place = {one for one, _ in found}
    above = set(signature.iterancestors())
    moved = (
        one
        for part in signed
        if part is not None and part not in above
        for one in properties_within(part)
        if one not in in_place
    )
    some = list(islice(moved, MAX_NAMES + 1))
    if len(some) > MAX_NAMES:  # Too many to be read: none of them decides.
        yield _Digests("XAdES SignedProperties", signed=False, listed=())
        some = []
    for properties, is_signed in [*signed_first[:MAX_NAMES], *((one, False) for one in some)]:
        for name in _SIGNING_CERTIFICATES:
            path = f"{{*}}SignedSignatureProperties/{{*}}{name}"
            for element in islice(properties.iterfind(path), MAX_NAMES):
                listed = islice(element.iterfind("{*}Cert/{*}CertDigest"), MAX_NAMES)
                pairs = tuple((_method(one), _value(one)) for one in listed)
                yield _Digests(f"XAdES {name}", is_signed, pairs)


def _is_signed(properties: etree._Element, signed: Collection[etree._Element | None]) -> bool:
    """Return whether properties are signed, alone or with their ancestors.

    Only up to the Object: a signature that covers itself excludes itself.
    """
    return any(one in signed for one in (properties, *islice(properties.iterancestors(), 2)))


def _method(digest: etree._Element) -> str:
    found = digest.find(DS + "DigestMethod")
    return "" if found is None else found.get("Algorithm", "")


def _value(digest: etree._Element) -> bytes:
    found = digest.find(DS + "DigestValue")
    return b"" if found is None else decode(found)


def _read_number(element: etree._Element) -> int | None:
    text = (element.text or "")[:200].strip()
    return int(text) if _NUMBER.fullmatch(text) else None


def _read_identifier(element: etree._Element) -> bytes:
    """Read an X509SKI, which some programs write with its DER tag and length."""
    value = decode(element)
    return value.removeprefix(_OCTETS) if len(value) == 22 else value
