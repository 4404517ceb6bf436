"""A bare signature value over some octets, without a structure that says how it was made."""

from collections.abc import Iterator
from datetime import datetime

from app.cms.algorithms.names import PSS, SIGNATURES, name
from app.cms.algorithms.registry import AlgorithmIdentifier, implied_digest
from app.cms.budget import Budget
from app.cms.path.strength import weigh_signature
from app.cms.signed_data.content_forms import refuse_form
from app.cms.signed_data.verification import check_value
from app.cms.verdict import Answer, Verdict, unknown
from app.cms.x509.certificate import Certificate


def verify_value(
    certificate: Certificate, message: bytes, signature: bytes, *, at: datetime
) -> Verdict:
    """Return whether a signature value over `message` was made with a certificate's key.

    Nothing names its digest, so that of the certificate's own signature is tried first, then all
    others that the key may be used with (RSA by PKCS #1 v1.5): only one can fit. `at` is when the
    value is known to have existed; a broken algorithm proves nothing later. No for a message that
    has the form of signed attributes, or of the SignedInfo of a signature in XML: those are signed
    in place of something else.
    """
    refusal = refuse_form(message)
    if refusal:
        return refusal
    if certificate.public_key.algorithm.oid == PSS:
        return unknown("a signature value by {algorithm} lacks its parameters", algorithm=name(PSS))
    budget = Budget()
    found = []
    for method in _list_methods(certificate):
        verdict = check_value(certificate, method, message, signature, budget)
        if verdict.answer is Answer.YES:
            return weigh_signature(verdict, certificate, method, at)
        found.append(verdict)
    return next((one for one in found if one.answer is Answer.UNKNOWN), found[0])


def _list_methods(certificate: Certificate) -> Iterator[tuple[AlgorithmIdentifier, str]]:
    """List the signature algorithms that a value may be of, with their digests; at least one."""
    kind = certificate.public_key.algorithm.oid
    own = implied_digest(certificate.signature_algorithm)
    fitting = [digest for key, digest in SIGNATURES.values() if key == kind]
    if own in fitting:
        fitting.insert(0, own)
    for digest in dict.fromkeys(fitting or [own or ""]):
        yield AlgorithmIdentifier(kind), digest
