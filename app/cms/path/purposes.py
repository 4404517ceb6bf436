"""What certificates are for by their extended key usage (RFC 5280 section 4.2.1.12)."""

from dataclasses import replace
from functools import lru_cache

from app.cms.path.rules import doubt_broken, title
from app.cms.verdict import YES, Answer, Verdict, no, unknown
from app.cms.x509 import certificate as x509
from app.cms.x509.certificate import Certificate, MalformedExtension

# Answers that are remembered: one deployment sees the same certificates over and over.
_REMEMBERED = 256
# Purposes in a reason.
_MAX_PURPOSES = 4
# Key purposes of persons: clientAuth (since 2022 the NCA gives one key for both), emailProtection,
# anyExtendedKeyUsage, and documentSigning of RFC 9336, Microsoft and Adobe; Kazakhstan's own arc
# has the roles of persons.
_PURPOSES = {
    "1.3.6.1.5.5.7.3.2",
    "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.36",
    "2.5.29.37.0",
    "1.3.6.1.4.1.311.10.3.12",
    "1.2.840.113583.1.1.5",
}
_KAZAKHSTAN = "1.2.398."
# All others of RFC 5280's arc (serverAuth, codeSigning, ipsec, timeStamping, OCSPSigning, …), and
# those of logging on and of file systems (Microsoft, RFC 4556).
_OTHER_ARC = "1.3.6.1.5.5.7.3."
_OTHER_PURPOSES = {
    "1.3.6.1.4.1.311.20.2.2",
    "1.3.6.1.4.1.311.10.3.4",
    "1.3.6.1.4.1.311.10.3.4.1",
    "1.3.6.1.5.2.3.4",
    "1.3.6.1.5.2.3.5",
}
_ANY = "2.5.29.37.0"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"


@lru_cache(maxsize=_REMEMBERED)
def check_purpose(certificate: Certificate) -> Verdict:
    """Check that a certificate isn't only for purposes other than documents (section 4.2.1.12).

    It is refused if all its purposes are other ones: the NCA's also name roles of persons. A
    purpose that is not known here may be one of documents. Where the extension isn't critical, CAs
    use it less strictly.
    """
    extension = certificate.extensions.get(x509.EXTENDED_KEY_USAGE)
    if extension is None:
        return YES
    try:
        purposes = x509.extended_key_usage(certificate) or ()
    except MalformedExtension as error:
        return doubt_broken(certificate, error)
    if any(map(_is_of_persons, purposes)):
        return YES
    strange = [one for one in purposes if not _is_other(one)]
    if strange and extension.critical:
        return unknown(
            "the certificate of {subject} is for purposes that are unknown here: {purposes}",
            subject=title(certificate.subject),
            purposes=", ".join(strange[:_MAX_PURPOSES]),
        )
    if strange:
        return YES
    verdict = no(
        "the certificate of {subject} is not for signing documents",
        subject=title(certificate.subject),
    )
    return verdict if extension.critical else replace(verdict, answer=Answer.UNKNOWN)


def _is_other(purpose: str) -> bool:
    return purpose.startswith(_OTHER_ARC) or purpose in _OTHER_PURPOSES


def _is_of_persons(purpose: str) -> bool:
    return purpose in _PURPOSES or purpose.startswith(_KAZAKHSTAN)


@lru_cache(maxsize=_REMEMBERED)
def check_authority_purpose(issuer: Certificate, *, for_timestamps: bool) -> Verdict:
    """Return unknown for a CA whose purposes have none of those that it certifies for.

    RFC 5280 leaves open what the extension means for a CA; in practice it limits what those below
    may be for, whether it is critical or not.
    """
    try:
        purposes = x509.extended_key_usage(issuer)
    except MalformedExtension as error:
        return doubt_broken(issuer, error)
    if purposes is None or _ANY in purposes:
        return YES
    if TIME_STAMPING in purposes if for_timestamps else any(map(_is_of_persons, purposes)):
        return YES
    return unknown(
        "{subject} is an authority for other purposes: {purposes}",
        subject=title(issuer.subject),
        purposes=", ".join(purposes[:_MAX_PURPOSES]),
    )


@lru_cache(maxsize=_REMEMBERED)
def is_for_timestamps(certificate: Certificate) -> bool:
    """Return whether timeStamping is among the purposes of a certificate."""
    try:
        return TIME_STAMPING in (x509.extended_key_usage(certificate) or ())
    except MalformedExtension:
        return False
