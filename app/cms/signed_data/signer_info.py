"""What a signature states about one signer: a SignerInfo (RFC 5652 section 5.3). Unverified.

All is read in place, and once: later reads of an attribute or a token return the same object.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import chain, islice
from typing import Literal, NoReturn, TypeAlias

from app.cms.asn1 import tags
from app.cms.asn1.node import DAMAGE, Node, tags_of
from app.cms.asn1.oid import AlgorithmIdentifier, dotted
from app.cms.budget import Budget
from app.cms.errors import MalformedSignature
from app.cms.signed_data.certificate_set import CertificateSource
from app.cms.signed_data.signed_attributes import (
    ATTRIBUTE,
    MAX_ATTRIBUTES,
    MAX_VALUES,
    NO_ATTRIBUTES,
    Attributes,
    read_signed_attributes,
    refuse_field,
)
from app.cms.signed_data.signing_certificate import check_signing_certificate
from app.cms.signed_data.timestamp_token import TimestampClaims, TimestampToken
from app.cms.verdict import Answer, Reason
from app.cms.x509.certificate import (
    Certificate,
    read_certificate,
    read_embedded_certificate,
)
from app.cms.x509.nca_profile import Claims, claims_of

SignerIdentifier = Literal["issuerAndSerialNumber", "subjectKeyIdentifier"]
"""How a SignerInfo names its certificate."""

Choose: TypeAlias = Callable[["SignerInfo", Iterator[bytes]], "SignerInfo"]
"""Returns a signer with its certificate, of several encoded ones that it may mean."""

# Tokens of one signer that are read; one is usual. Claims are read from fewer.
MAX_TOKENS = 16
_MAX_CLAIMING_TOKENS = 4

# Object identifiers as they are encoded: comparing bytes is cheaper than decoding.
ID_DATA = bytes.fromhex("2a864886f70d010701")
_TIMESTAMP = bytes.fromhex("2a864886f70d010910020e")  # RFC 3161 appendix A.
_BROKEN_TOKEN = Reason("the timestamp token is broken")

# The tags that the fields of a SignerInfo may have: version, sid, digestAlgorithm, signedAttrs
# (optional), signatureAlgorithm, signature, unsignedAttrs (optional).
_LAYOUTS = {
    bytes((tags.INTEGER, sid, tags.SEQUENCE, *signed, tags.SEQUENCE, signature, *unsigned))
    for sid in (tags.SEQUENCE, tags.IMPLICIT_0)
    for signed in ((), (tags.EXPLICIT_0,))
    for signature in (tags.OCTET_STRING, tags.CONSTRUCTED_OCTET_STRING)
    for unsigned in ((), (tags.EXPLICIT_1,))
}
MAX_FIELDS = 7
# Certificates that a SignerIdentifier may name of which each is tried; one is usual.
MAX_CANDIDATES = 16
_ISSUER_AND_SERIAL = bytes((tags.SEQUENCE, tags.INTEGER))


@dataclass(frozen=True, eq=False, kw_only=True)
class SignerInfo:
    """What a signature states about one signer; `number` counts from 1 in its order.

    Algorithms have dotted identifiers; of XML signatures, whose methods are URIs, unknown ones stay
    URIs. `embedded` is the certificate that came with the signature; None in a timestamp token,
    whose certificate is searched only when it is needed.

    The following fields are for CMS only. `identifier` is the SignerIdentifier whose choice
    `identified_by` names; `signed` is the [0] that holds the signed attributes, None if there are
    none, and `attributes` are these, by their encoded types. `unsigned` are the [1] of this
    SignerInfo and of further copies of it. `rivals` are certificates in the signature that may be
    the signer's as well as `embedded`, `untried`: there are more, which were not looked at.
    """

    number: int
    digest_algorithm: str
    signature_algorithm: AlgorithmIdentifier
    embedded: Certificate | None
    claimed_signing_time: datetime | None = None
    message_digest: bytes | None = None
    time_notes: tuple[Reason, ...] = ()
    identified_by: SignerIdentifier | None = None
    identifier: Node | None = field(default=None, repr=False)
    signature: bytes = field(default=b"", repr=False)
    signed: Node | None = field(default=None, repr=False)
    attributes: Sequence[tuple[bytes, list[Node]]] = field(default=(), repr=False)
    unsigned: tuple[Node, ...] = field(default=(), repr=False)
    rivals: tuple[Certificate, ...] = field(default=(), repr=False)
    untried: bool = field(default=False, repr=False)

    @property
    def certificate(self) -> Certificate:
        """The signer's certificate. Raises MalformedSignature for a timestamp token."""
        return self.embedded or _refuse_unembedded(self.number)

    @property
    def claims(self) -> Claims:
        """What the certificate claims about its subject."""
        return claims_of(self.certificate)

    @property
    def has_signed_attributes(self) -> bool:
        """Whether a CMS has signed attributes."""
        return self.signed is not None

    @cached_property
    def signed_attributes(self) -> Attributes | None:
        """The signed attributes; None if they can't be read."""
        found: dict[str, list[Node]] = {}
        try:
            for kind, values in self.attributes:
                if len(values) > MAX_VALUES:
                    return None
                found.setdefault(dotted(kind), []).extend(values)
        except ValueError:
            return None
        return found

    @cached_property
    def _unsigned_attributes(self) -> list[Node]:
        listed = [one for node in self.unsigned for one in node.children_if_sound(MAX_ATTRIBUTES)]
        return listed[:MAX_ATTRIBUTES]

    def unsigned_values(self, kind: bytes) -> list[Node]:
        """Return the values of the unsigned attributes of an encoded type; damaged ones have none.

        They are not signed, so they may hold anything: only requested ones are parsed.
        """
        found: list[Node] = []
        for attribute in self._unsigned_attributes:
            parts = attribute.layout(ATTRIBUTE) if attribute.tag == tags.SEQUENCE else ()
            if parts and parts[0].contents == kind:
                found += parts[1].children_if_sound(MAX_VALUES)
        return found

    @cached_property
    def tokens(self) -> list[TimestampToken]:
        """The timestamp tokens, MAX_TOKENS at most."""
        return list(map(TimestampToken, self.unsigned_values(_TIMESTAMP)[:MAX_TOKENS]))

    @cached_property
    def timestamp(self) -> TimestampClaims | None:
        """The claims of the first token that can be read."""
        for token in self.tokens[:_MAX_CLAIMING_TOKENS]:
            try:
                return token.claims_with_authority
            except DAMAGE:
                continue
        return None

    @property
    def notes(self) -> tuple[Reason, ...]:
        """Sentences about anomalies, beside those that `claims` notes."""
        if self.unsigned and self.tokens and self.timestamp is None:
            return (*self.time_notes, _BROKEN_TOKEN)
        return self.time_notes

    def list_certificates(self, source: CertificateSource) -> Iterator[Certificate]:
        """Return those that the SignerIdentifier names and that can be read.

        Raises MalformedSignature.
        """
        if self.identifier is not None:
            encoded = _find_encoded(self.identifier, self.number, source)
            yield from filter(None, map(read_embedded_certificate, encoded))

    def find_certificate(self, source: CertificateSource) -> Certificate:
        """Find the certificate that the SignerIdentifier names. Raises MalformedSignature.

        Of several it is the one that a signed attribute names, or else the first.
        """
        found = list(islice(self.list_certificates(source), MAX_CANDIDATES))
        if not found:
            _refuse_unembedded(self.number)
        if len(found) == 1:
            return found[0]
        attributes, budget = self.signed_attributes or {}, Budget()
        named = [
            one
            for one in found
            if check_signing_certificate(attributes, one, budget).answer is Answer.YES
        ]
        return (named or found)[0]


def read_signer_info(
    same: Sequence[Node],
    number: int,
    content_type: bytes,
    source: CertificateSource | None,
    choose: Choose,
) -> SignerInfo:
    """Read SignerInfo `number`, counted from 1, of which `same` are all copies.

    `content_type` is the encoded eContentType. The certificate must be in `source`, if that is
    given; `choose` is asked if there are several. Raises MalformedSignature.
    """
    fields = same[0].elements(MAX_FIELDS)
    layout = tags_of(fields)
    if same[0].tag != tags.SEQUENCE or layout not in _LAYOUTS or not fields[0].contents:
        refuse_field(number, "SignerInfo")
    signed = fields.pop(3) if layout[3] == tags.EXPLICIT_0 else None
    try:
        digest_algorithm = fields[2].algorithm().oid
        signature_algorithm = fields[3].algorithm()
        signature = fields[4].octets()
    except ValueError:
        refuse_field(number, "SignerInfo")
    if not signature:
        raise MalformedSignature("cms: signer {number}: signature is empty", number=number)
    if signed is None and content_type != ID_DATA:
        raise MalformedSignature(
            "cms: signer {number}: signed attributes are missing (content is not plain data)",
            number=number,
        )
    attributes = read_signed_attributes(signed, number, content_type) if signed else NO_ATTRIBUTES
    is_named = fields[1].tag == tags.SEQUENCE
    signer = SignerInfo(
        number=number,
        digest_algorithm=digest_algorithm,
        signature_algorithm=signature_algorithm,
        embedded=None,
        claimed_signing_time=attributes.signing_time,
        message_digest=attributes.message_digest,
        time_notes=attributes.notes,
        identified_by="issuerAndSerialNumber" if is_named else "subjectKeyIdentifier",
        identifier=fields[1],
        signature=signature,
        signed=signed,
        attributes=attributes.listed,
        unsigned=_unsigned_of(same),
    )
    return signer if source is None else _embed(signer, source, choose)


def _embed(signer: SignerInfo, source: CertificateSource, choose: Choose) -> SignerInfo:
    """Return a signer with its certificate. Raises MalformedSignature."""
    number = signer.number
    if signer.identifier is None:
        _refuse_unembedded(number)
    encoded = _find_encoded(signer.identifier, number, source)
    first = next(encoded, None)
    if first is None:
        _refuse_unembedded(number)
    second = next(encoded, None)
    if second is not None:
        return choose(signer, chain((first, second), encoded))
    try:
        return replace(signer, embedded=read_certificate(first))
    except MalformedSignature:
        refuse_field(number, "certificate")


def _unsigned_of(same: Sequence[Node]) -> tuple[Node, ...]:
    """Return the unsigned attributes of all copies: each may have others."""
    last = (one.elements(MAX_FIELDS)[-1] for one in same)
    return tuple(one for one in last if one.tag == tags.EXPLICIT_1)


def _find_encoded(identifier: Node, number: int, source: CertificateSource) -> Iterator[bytes]:
    """Find the certificates of a SignerIdentifier; their position means nothing."""
    if identifier.tag != tags.SEQUENCE:
        return source.by_key_identifier(identifier.contents)
    parts = identifier.layout(_ISSUER_AND_SERIAL)
    if not parts:
        refuse_field(number, "SignerInfo")
    return source.by_issuer_and_serial(parts[0].encoded, parts[1].encoded)


def _refuse_unembedded(number: int) -> NoReturn:
    raise MalformedSignature("cms: signer {number}: certificate is not embedded", number=number)
