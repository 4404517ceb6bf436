"""OCSP responses (RFC 6960), read field by field.

The NCA's responders have certificates with an empty ocsp-nocheck, which some libraries refuse. Here
an extension that isn't needed is not read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.names import SHA_1
from app.cms.asn1 import tags
from app.cms.asn1.node import DAMAGE, Node, read_node
from app.cms.budget import FREE, Budget
from app.cms.errors import UnsupportedAlgorithm
from app.cms.path.climbing import check_link
from app.cms.path.occasions import Occasion
from app.cms.path.rules import check_holder
from app.cms.revocation.crl import MalformedRevocation
from app.cms.revocation.crl_entries import CERTIFICATE_HOLD, Revoked, read_invalidity_date
from app.cms.revocation.origins import OPERATOR, Origin
from app.cms.verdict import Answer
from app.cms.x509 import certificate as x509
from app.cms.x509.certificate import Certificate, MalformedExtension, read_embedded_certificate
from app.cms.x509.names import same_name

Status: TypeAlias = Revoked | Literal["good", "unknown"]
"""The status of one certificate (section 2.2)."""

# SingleResponses of one response, and certificates that came with it; one each is usual.
MAX_ANSWERS = 256
MAX_CERTIFICATES = 8

_BASIC = "1.3.6.1.5.5.7.48.1.1"
_OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
_SUCCESSFUL = b"\0"
_GOOD, _REVOKED, _UNKNOWN = 0x80, 0xA1, 0x82
# The extension by which a responder says that it reports certificates that were never issued as
# revoked: since 1970, on hold (sections 2.2 and 4.4.8).
_EXTENDED_REVOKE = "1.3.6.1.5.5.7.48.1.9"
_NEVER_ISSUED = datetime(1970, 1, 1, tzinfo=UTC)
# Critical extensions of a response or a SingleResponse that don't change its meaning: the nonce.
_NONCE = "1.3.6.1.5.5.7.48.1.2"
_KNOWN = {_NONCE, _EXTENDED_REVOKE}


@dataclass(frozen=True, slots=True)
class CertificateId:
    """The certificate that an answer is about (section 4.1.1), by its issuer's name and key."""

    digest: str
    issuer_name: bytes
    issuer_key: bytes
    serial_number: int

    def is_named_as(self, certificate: Certificate) -> bool:
        """Return whether serial number and issuer's name are those of this certificate."""
        try:
            name = _digest(self.digest, certificate.issuer)
        except UnsupportedAlgorithm:
            return False
        return self.serial_number == certificate.serial_number and name == self.issuer_name

    def matches(self, certificate: Certificate, issuer: Certificate) -> bool:
        """Return whether it is this certificate of that issuer. Raises UnsupportedAlgorithm."""
        if self.serial_number != certificate.serial_number:
            return False
        names = {certificate.issuer, issuer.subject}
        return (
            any(_digest(self.digest, name) == self.issuer_name for name in names)
            and _digest(self.digest, issuer.public_key.bits) == self.issuer_key
        )


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A SingleResponse (section 4.2.1); times are in UTC.

    If not `usable`, it or its response has an unknown critical extension. `next_update` is None if
    newer information is available at all times.
    """

    about: CertificateId
    status: Status
    this_update: datetime
    next_update: datetime | None
    usable: bool


class OcspResponse:
    """A response with its SingleResponses, and the algorithm that it is signed with."""

    def __init__(self, der: bytes, *, origin: Origin = OPERATOR) -> None:
        """Read an OCSPResponse, or the BasicOCSPResponse in it. Raises MalformedRevocation."""
        #: All of it, as it was given.
        self.der = der
        #: Where it comes from; may be set after it was fetched.
        self.origin = origin
        self._signers: dict[Certificate, Certificate | None] = {}
        try:
            self._read_basic(unwrap(read_node(der)))
        except DAMAGE as error:
            raise MalformedRevocation("the OCSP response is malformed") from error

    def _read_basic(self, basic: Node) -> None:
        fields = basic.fields(4)
        self._data = fields.take(tags.SEQUENCE)
        self.algorithm = fields.take(tags.SEQUENCE).algorithm()
        self._signature = fields.take(tags.BIT_STRING).bits()
        certificates = fields.optional(tags.EXPLICIT_0)
        self._certificates = certificates.only().children(MAX_CERTIFICATES) if certificates else []
        data = self._data.fields()
        data.optional(tags.EXPLICIT_0)
        responder = data.take(tags.EXPLICIT_1, tags.EXPLICIT_2).only()
        self._responder_name = responder.encoded if responder.tag == tags.SEQUENCE else None
        self._responder_key = responder.octets() if responder.tag != tags.SEQUENCE else None
        self.produced_at = data.take(tags.GENERALIZED_TIME).time()
        answers = data.take(tags.SEQUENCE).children(MAX_ANSWERS)
        extensions = _read_extensions(data.optional(tags.EXPLICIT_1))
        self._announces_denials = _EXTENDED_REVOKE in extensions
        #: The nonce of the request (RFC 9654), None if it is not repeated.
        self.nonce = _read_nonce(extensions)
        usable = _are_known(extensions)
        self.answers = [_read_answer(node, usable) for node in answers]

    def denies(self, revoked: Revoked) -> bool:
        """Return whether such an answer means that the certificate wasn't issued (section 2.2)."""
        return (
            self._announces_denials
            and revoked.when == _NEVER_ISSUED
            and revoked.reason == CERTIFICATE_HOLD
        )

    def list_good(self, certificate: Certificate) -> list[datetime]:
        """Return the thisUpdate of each usable answer that a certificate is good.

        It is told by its serial number and the name of its issuer. Not verified.
        """
        return [
            one.this_update
            for one in self.answers
            if one.usable and one.status == "good" and one.about.is_named_as(certificate)
        ]

    def find_signer(self, issuer: Certificate, budget: Budget = FREE) -> Certificate | None:
        """Return the certificate that signed it: `issuer` itself or a delegate (section 4.2.2.2).

        None if it is neither. Raises UnsupportedAlgorithm or TooCostly.
        """
        if issuer not in self._signers:
            candidates = self._candidates(issuer, budget)
            self._signers[issuer] = next(
                (signer for signer in candidates if self._is_signed_by(signer, budget)), None
            )
        return self._signers[issuer]

    def _candidates(self, issuer: Certificate, budget: Budget) -> Iterator[Certificate]:
        if self._is_responder(issuer):
            yield issuer
        for der in dict.fromkeys(node.encoded for node in self._certificates):
            delegate = read_embedded_certificate(der)
            if (
                delegate
                and self._is_responder(delegate)
                and self._is_delegate(delegate, issuer, budget)
            ):
                yield delegate

    def _is_responder(self, certificate: Certificate) -> bool:
        """Compare a certificate with the ResponderID (section 4.2.1)."""
        if self._responder_name is not None:
            return same_name(self._responder_name, certificate.subject)
        return self._responder_key == _digest(SHA_1, certificate.public_key.bits)

    def _is_delegate(self, certificate: Certificate, issuer: Certificate, budget: Budget) -> bool:
        """Return whether `issuer` itself authorised the certificate to sign OCSP responses."""
        try:
            purposes = x509.extended_key_usage(certificate)
        except MalformedExtension:
            return False
        if purposes is None or _OCSP_SIGNING not in purposes:
            return False
        return (
            check_holder(certificate, Occasion.of(self.produced_at)).answer is Answer.YES
            and same_name(certificate.issuer, issuer.subject)
            and check_link(certificate, issuer, budget)
        )

    def _is_signed_by(self, certificate: Certificate, budget: Budget) -> bool:
        return budget.verify_signature(
            certificate.public_key, self.algorithm, None, self._data.encoded, self._signature
        )


def unwrap(response: Node) -> Node:
    """Return the BasicOCSPResponse in an OCSPResponse (section 4.2.1), or one sent alone."""
    fields = response.fields(4)
    if fields.optional(tags.SEQUENCE):
        return response
    if fields.take(tags.ENUMERATED).contents != _SUCCESSFUL:
        raise ValueError("the responder could not answer")
    inner = fields.take(tags.EXPLICIT_0).only().fields(2)
    if inner.take(tags.OBJECT_IDENTIFIER).identifier() != _BASIC:
        raise ValueError("not a basic response")
    return read_node(inner.take(tags.OCTET_STRING).octets())


def _read_answer(answer: Node, usable: bool) -> OcspAnswer:
    fields = answer.fields(5)
    about = fields.take(tags.SEQUENCE).fields(4)
    certificate_id = CertificateId(
        digest=about.take(tags.SEQUENCE).algorithm().oid,
        issuer_name=about.take(tags.OCTET_STRING).octets(),
        issuer_key=about.take(tags.OCTET_STRING).octets(),
        serial_number=about.take(tags.INTEGER).integer(),
    )
    status = fields.take(_GOOD, _REVOKED, _UNKNOWN)
    this_update = fields.take(tags.GENERALIZED_TIME).time()
    next_update = fields.optional(tags.EXPLICIT_0)
    extensions = _read_extensions(fields.optional(tags.EXPLICIT_1))
    return OcspAnswer(
        about=certificate_id,
        status=_read_status(status, read_invalidity_date(extensions)),
        this_update=this_update,
        next_update=next_update.only().time() if next_update else None,
        usable=_are_known(extensions) and usable,
    )


def _read_status(status: Node, invalid_since: datetime | None) -> Status:
    if status.tag != _REVOKED:
        return "good" if status.tag == _GOOD else "unknown"
    fields = status.fields(2, _REVOKED)
    when = fields.take(tags.GENERALIZED_TIME).time()
    reason = fields.optional(tags.EXPLICIT_0)
    number = reason.only().expect(tags.ENUMERATED).contents if reason else b""
    return Revoked(when, number[0] if len(number) == 1 else None, invalid_since)


def _read_extensions(explicit: Node | None) -> Mapping[str, tuple[bool, bytes]]:
    return explicit.only().extensions() if explicit else {}


def _read_nonce(extensions: Mapping[str, tuple[bool, bytes]]) -> bytes | None:
    """Read the nonce, an OCTET STRING in the value; older programs write it as the value itself."""
    _, value = extensions.get(_NONCE, (False, None))
    if value is None:
        return None
    is_wrapped = len(value) > 1 and value[0] == tags.OCTET_STRING and value[1] == len(value) - 2
    return value[2:] if is_wrapped else value


def _are_known(extensions: Mapping[str, tuple[bool, bytes]]) -> bool:
    """Return whether none of them is critical and unknown."""
    return all(oid in _KNOWN for oid, (critical, _) in extensions.items() if critical)


@lru_cache(maxsize=256)
def _digest(algorithm: str, data: bytes) -> bytes:
    """Hash a name or a key, of which there are few. Raises UnsupportedAlgorithm."""
    return algorithms.digest(algorithm, data)
