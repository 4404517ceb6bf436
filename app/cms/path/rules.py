"""The rules for a certificate in a path (RFC 5280 sections 4.2 and 6.1), one function each."""

from functools import lru_cache

from app.cms.algorithms.dates import broken_signature
from app.cms.path.occasions import Occasion
from app.cms.verdict import YES, Verdict, every, no, unknown
from app.cms.x509 import certificate as x509
from app.cms.x509 import names
from app.cms.x509.certificate import Certificate, MalformedExtension
from app.cms.x509.names import read_name

# Answers of one rule that are remembered: one deployment sees the same certificates over and over.
_REMEMBERED = 256
# Characters of a name in a reason, of which one signature may cause thousands.
_MAX_TITLE = 200
# Extensions that are processed, here or elsewhere, or that can't change the answer.
_KNOWN_EXTENSIONS = {
    x509.BASIC_CONSTRAINTS,
    x509.KEY_USAGE,
    x509.EXTENDED_KEY_USAGE,
    x509.POLICIES,
    x509.POLICY_MAPPINGS,
    x509.POLICY_CONSTRAINTS,
    x509.INHIBIT_ANY_POLICY,
    x509.NAME_CONSTRAINTS,
    x509.SUBJECT_ALTERNATIVE_NAME,
    x509.SUBJECT_KEY_IDENTIFIER,
    x509.AUTHORITY_KEY_IDENTIFIER,
    x509.CRL_DISTRIBUTION_POINTS,
    x509.AUTHORITY_INFORMATION_ACCESS,
}


def check_holder(certificate: Certificate, when: Occasion) -> Verdict:
    """Check the rules for a signer's certificate that don't depend on its issuer."""
    return every(
        check_validity(certificate, when), check_extensions(certificate), _check_usage(certificate)
    )


def check_validity(certificate: Certificate, when: Occasion) -> Verdict:
    """Check that a certificate was valid at that time (section 4.1.2.5).

    One that has expired since may have been valid when the signature was made. If that isn't known,
    expiry is no proof against a signature, unless the signer claims a later time.
    """
    if when.at < certificate.not_before:
        return no(
            "the certificate of {subject} was valid only from {since}",
            subject=title(certificate.subject),
            since=certificate.not_before,
        )
    # It is valid to the end of its last second: certificates have no fractions of seconds.
    if when.at.replace(microsecond=0) <= certificate.not_after:
        return YES
    if when.claimed is None or when.claimed.contradict(certificate):
        return no(
            "the certificate of {subject} was valid only until {until}",
            subject=title(certificate.subject),
            until=certificate.not_after,
        )
    return unknown(
        "the certificate of {subject} was valid only until {until}; only a"
        " verified timestamp from before then could settle that the signature is older",
        subject=title(certificate.subject),
        until=certificate.not_after,
    )


@lru_cache(maxsize=_REMEMBERED)
def check_extensions(certificate: Certificate) -> Verdict:
    """Make the answer unknown for an unknown critical extension (section 4.2)."""
    for oid, extension in certificate.extensions.items():
        if extension.critical and oid not in _KNOWN_EXTENSIONS:
            return unknown(
                "the certificate of {subject} has a critical extension that is unknown here: {oid}",
                subject=title(certificate.subject),
                oid=oid,
            )
        if extension.repeated:
            return doubt_broken(
                certificate, MalformedExtension("extension {oid} occurs twice", oid=oid)
            )
    if certificate.extensions_damaged:
        return unknown(
            "the list of extensions of the certificate of {subject} is broken",
            subject=title(certificate.subject),
        )
    return YES


@lru_cache(maxsize=_REMEMBERED)
def _check_usage(certificate: Certificate) -> Verdict:
    """Check that the key may sign something other than certificates (section 4.2.1.3)."""
    try:
        usages = x509.key_usage(certificate)
    except MalformedExtension as error:
        return doubt_broken(certificate, error)
    if usages is None or usages & {"digitalSignature", "nonRepudiation"}:
        return YES
    return no(
        "the key of {subject} is not for signatures: {usages}",
        subject=title(certificate.subject),
        usages=", ".join(sorted(usages)),
    )


@lru_cache(maxsize=_REMEMBERED)
def check_issuer(issuer: Certificate, below: int) -> Verdict:
    """Check that an issuer is a CA, with `below` CAs between it and the signer (6.1.4)."""
    subject = title(issuer.subject)
    try:
        constraints = x509.basic_constraints(issuer)
        usages = x509.key_usage(issuer)
    except MalformedExtension as error:
        return doubt_broken(issuer, error)
    if constraints is None or not constraints.ca:
        return no("{subject} is no certification authority", subject=subject)
    if usages is not None and "keyCertSign" not in usages:
        return no("the key of {subject} is not for signing certificates", subject=subject)
    if constraints.path_length is not None and below > constraints.path_length:
        return no(
            "the path has more CA certificates below {subject} than its pathLenConstraint permits",
            subject=subject,
        )
    return YES


def doubt_broken(certificate: Certificate, error: MalformedExtension) -> Verdict:
    """Return unknown for an extension that can't be read: what it requires is unknown."""
    return unknown(
        "the certificate of {subject}: " + error.template,
        subject=title(certificate.subject),
        **error.values,
    )


def check_strength(certificate: Certificate, issuer: Certificate, when: Occasion) -> Verdict:
    """Return unknown for a certificate signed with an algorithm that could be forged."""
    found = broken_signature(issuer.public_key, certificate.signature_algorithm)
    if found is None or when.known < found.since:
        return YES
    return unknown(
        "the certificate of {subject} is signed with {algorithm}, which can be forged since"
        " {since}",
        subject=title(certificate.subject),
        algorithm=found.name,
        since=found.since.date(),
    )


@lru_cache(maxsize=_REMEMBERED)
def title(name: bytes) -> str:
    """Return the common name in an encoded Name, or else what other attributes it has."""
    read = read_name(name)
    common_name = read.value(names.COMMON_NAME)
    found = common_name or ", ".join(text for _, text in read.attributes) or "?"
    return found if len(found) <= _MAX_TITLE else found[:_MAX_TITLE] + "…"
