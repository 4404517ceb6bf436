"""Which certificate a signer's signed attributes name (RFC 5035, RFC 5816)."""

from functools import lru_cache

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.names import SHA_1, SHA_256
from app.cms.asn1.node import DAMAGE, Node
from app.cms.asn1.tags import OCTET_STRING, SEQUENCE
from app.cms.budget import Budget, cost_of_digest
from app.cms.errors import Undecidable
from app.cms.signed_data.signed_attributes import Attributes
from app.cms.verdict import YES, Verdict, no, unknown
from app.cms.x509.certificate import Certificate

_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNING_CERTIFICATES = {
    _SIGNING_CERTIFICATE: "signingCertificate",
    _SIGNING_CERTIFICATE_V2: "signingCertificateV2",
}
"""The attributes by their object identifiers."""


def check_signing_certificate(
    attributes: Attributes, certificate: Certificate, budget: Budget
) -> Verdict:
    """Compare the certificate with the signing-certificate attribute (RFC 5035 sections 3 and 5).

    The digest decides: an issuerSerial, which may follow, adds nothing.
    """
    for oid, default in ((_SIGNING_CERTIFICATE_V2, SHA_256), (_SIGNING_CERTIFICATE, SHA_1)):
        for value in attributes.get(oid, ()):
            try:
                algorithm, expected = _read_certificate_id(value, default)
                size = len(certificate.der)
                budget.spend(cost_of_digest(algorithm, size), once=(algorithm, certificate))
                actual = _fingerprint(algorithm, certificate.der)
            except DAMAGE:
                return no(
                    "the signed attribute {attribute} is malformed",
                    attribute=SIGNING_CERTIFICATES[oid],
                )
            except Undecidable as error:
                return unknown(error.template, **error.values)
            if actual != expected:
                return no(
                    "the signature names another certificate ({attribute})",
                    attribute=SIGNING_CERTIFICATES[oid],
                )
    return YES


def _read_certificate_id(value: Node, default: str) -> tuple[str, bytes]:
    """Return algorithm and digest of the first ESSCertID or ESSCertIDv2, the signer's own."""
    listed = value.fields().take(SEQUENCE)
    fields = listed.children()[0].fields()
    algorithm = fields.optional(SEQUENCE)
    oid = algorithm.algorithm().oid if algorithm else default
    return oid, fields.take(OCTET_STRING).octets()


@lru_cache(maxsize=64)
def _fingerprint(algorithm: str, certificate: bytes) -> bytes:
    """Hash a certificate, which 256 signers may share. Raises UnsupportedAlgorithm."""
    return algorithms.digest(algorithm, certificate)


def names_one(attributes: Attributes) -> bool:
    """Return whether any of the attributes is there, which then decides."""
    return any(attributes.get(oid) for oid in SIGNING_CERTIFICATES)
