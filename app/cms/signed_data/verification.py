"""One signer of a CMS: is the content intact, is the signature valid (RFC 5652 sections 5.4, 5.6).

Whose certificate it is, and whether a path leads to a trust anchor, are checked elsewhere.
"""

from app.cms.algorithms import registry as algorithms
from app.cms.algorithms.registry import AlgorithmIdentifier, Message
from app.cms.asn1.der import encode_der
from app.cms.asn1.node import DAMAGE, Node
from app.cms.asn1.tags import SET
from app.cms.budget import Budget
from app.cms.errors import TooCostly, Undecidable
from app.cms.signed_data.contents import Content, Rewritten
from app.cms.signed_data.signed_attributes import Attributes
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.signed_data.signing_certificate import (
    SIGNING_CERTIFICATES,
    check_signing_certificate,
)
from app.cms.verdict import (
    CONTENT_NEEDED,
    CONTENT_NOT_GIVEN,
    FITS_WITH_CRLF,
    YES,
    Answer,
    Verdict,
    every,
    no,
    unknown,
)
from app.cms.x509.certificate import Certificate

# Cost of re-encoding a byte of signed attributes, in the unit of `budget`.
_COST_OF_ENCODING = 3

_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_ONCE = {
    _CONTENT_TYPE: "content-type",
    _MESSAGE_DIGEST: "message-digest",
    _SIGNING_TIME: "signing-time",
    **SIGNING_CERTIFICATES,
}
_SET_TAG = bytes((SET,))
_ONE = (None,)


def check_signer(
    signer: SignerInfo, certificate: Certificate, content: Content, budget: Budget
) -> tuple[Verdict, Verdict]:
    """Return whether `content` is what was signed, and whether the signature is the signer's.

    Without signed attributes the two are one question: the signature is over the content itself.
    """
    if signer.signed is None:
        return _check_plain_text(signer, certificate, content)
    attributes = signer.signed_attributes
    if attributes is None:
        unread = unknown("the signed attributes can't be read")
        return unread, unread
    intact = _check_digest(signer.digest_algorithm, attributes, content)
    valid = every(
        _check_repetition(attributes),
        check_signing_certificate(attributes, certificate, budget),
        _check_attributes(signer, certificate, signer.signed, budget),
    )
    return intact, valid


def check_key(
    signer: SignerInfo, certificate: Certificate, content: Content, budget: Budget
) -> Verdict:
    """Return whether the signature value verifies with the certificate's key, and nothing more."""
    if signer.signed is None:
        return _check_plain(signer, certificate, content)
    return _check_attributes(signer, certificate, signer.signed, budget)


def check_intact(signer: SignerInfo, content: Content) -> Verdict:
    """Return the first of these two verdicts alone, as cheaply as possible.

    Without signed attributes any certificate that may be the signer's suffices.
    """
    if signer.signed is None:
        verdict = _check_plain_text(signer, signer.certificate, content)[0]
        if verdict.answer is Answer.NO:
            verdict = consider_rivals(signer, content, (verdict, verdict), content.budget)[0]
        return verdict
    if signer.signed_attributes is None:
        return unknown("the signed attributes can't be read")
    return _check_digest(signer.digest_algorithm, signer.signed_attributes, content)


def consider_rivals(
    signer: SignerInfo, content: Content, found: tuple[Verdict, Verdict], budget: Budget
) -> tuple[Verdict, Verdict]:
    """Return *intact* and *valid* where the chosen certificate's key does not verify.

    `found` are those by that key. It is no proof against the signature if the key of another
    certificate may, which can't be told before there is content.
    """
    others = [check_signer(signer, one, content, budget) for one in signer.rivals]
    for (intact, valid), rival in zip(others, signer.rivals, strict=True):
        if valid.answer is Answer.YES:
            return intact, unknown(
                "the signature verifies with the key of another certificate in it: {fingerprint}",
                fingerprint=rival.fingerprint,
            )
    if signer.untried or any(valid.answer is Answer.UNKNOWN for _, valid in others):
        doubt = unknown("not all certificates that may be the signer's could be read and tried")
        intact, _ = found
        return (doubt if signer.signed is None else intact), doubt
    return found


def _check_plain_text(
    signer: SignerInfo, certificate: Certificate, content: Content
) -> tuple[Verdict, Verdict]:
    """Check a signature without signed attributes, and once more with other line ends."""
    verdict = _check_plain(signer, certificate, content)
    if verdict.answer is Answer.NO and content.with_crlf:
        try:
            content.with_crlf.pay(signer.digest_algorithm)
        except TooCostly as error:
            verdict = unknown(error.template, **error.values)
            return verdict, verdict
        valid = _check_plain(signer, certificate, content.with_crlf)
        if valid.answer is not Answer.NO:
            return every(FITS_WITH_CRLF, valid), valid
    return verdict, verdict


def _check_plain(
    signer: SignerInfo, certificate: Certificate, content: Content | Rewritten
) -> Verdict:
    """Check a signature without signed attributes (section 5.4, first case)."""
    if content.data is None:
        return CONTENT_NOT_GIVEN if content.known is None else CONTENT_NEEDED
    if content.refusal:
        return content.refusal
    return _check_signature(signer, certificate, content.digest, content.budget)


def _check_digest(algorithm: str, attributes: Attributes, content: Content) -> Verdict:
    """Compare the content with the message-digest attribute (sections 5.6 and 11.2)."""
    expected = attributes[_MESSAGE_DIGEST][0].octets()
    if algorithm in algorithms.DIGESTS and len(expected) != algorithms.digest_size(algorithm):
        return no(
            "the message digest has another size than a digest ({algorithm})",
            algorithm=algorithms.name(algorithm),
        )
    if content.data is None and content.known is None:
        return CONTENT_NOT_GIVEN
    try:
        actual = content.digest(algorithm)
        if expected == actual:
            return YES
        if content.with_crlf and expected == content.with_crlf.digest(algorithm):
            return FITS_WITH_CRLF
    except Undecidable as error:
        return unknown(error.template, **error.values)
    return no(
        "the content is not what was signed: its digest ({algorithm}) is another",
        algorithm=algorithms.name(algorithm),
    )


def _check_repetition(attributes: Attributes) -> Verdict:
    """Require each attribute once, with one value (section 11, RFC 5035 section 5.4.1)."""
    for oid, name in _ONCE.items():
        if len(attributes.get(oid, _ONE)) != 1:
            return no(
                "the signed attribute {attribute} does not occur exactly once", attribute=name
            )
    return YES


def _check_signature(
    signer: SignerInfo, certificate: Certificate, message: Message, budget: Budget
) -> Verdict:
    """Check the signature value over `message` (section 5.6)."""
    method = signer.signature_algorithm, signer.digest_algorithm
    return check_value(certificate, method, message, signer.signature, budget)


def check_value(
    certificate: Certificate,
    method: tuple[AlgorithmIdentifier, str],
    message: Message,
    signature: bytes,
    budget: Budget,
) -> Verdict:
    """Check that a signature value over `message` was made with the certificate's key.

    `method` is the signature algorithm, and the digest algorithm named beside it.
    """
    algorithm, digest_algorithm = method
    try:
        verifies = budget.verify_signature(
            certificate.public_key, algorithm, digest_algorithm, message, signature
        )
    except Undecidable as error:
        return unknown(error.template, **error.values)
    if not verifies:
        return no(
            "the signature does not verify with the certificate's key ({algorithm})",
            algorithm=algorithms.name(algorithm.oid),
        )
    return YES


def _check_attributes(
    signer: SignerInfo, certificate: Certificate, signed: Node, budget: Budget
) -> Verdict:
    """Check the signature over the signed attributes (section 5.4, second case).

    The signature is over the DER of a SET OF, which is stored with the tag [0], usually in DER too.
    The stored encoding is tried first, as some programs sign it in any order. If that fails, it is
    re-encoded: sorted, with definite lengths.
    """
    written = _SET_TAG + signed.encoded[1:]
    verdict = _check_signature(signer, certificate, written, budget)
    if verdict.answer is not Answer.NO:
        return verdict
    try:
        budget.spend(signed.size * _COST_OF_ENCODING)
        message = encode_der(signed, SET)
    except TooCostly as error:
        return unknown(error.template, **error.values)
    except DAMAGE:  # An OCTET STRING in segments, one of which has another type.
        return verdict
    return verdict if message == written else _check_signature(signer, certificate, message, budget)
