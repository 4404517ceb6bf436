"""Adding a trust anchor: a certificate is obtained, compared, and stored."""

import re
from pathlib import Path

from app.cms import Certificate, MalformedExtension, basic_constraints, key_usage, title_of_name
from app.destinations import AnyDestination
from app.trust.errors import RefusedCertificate, UnreadableFile
from app.trust.files import (
    MAX_CERTIFICATES_SIZE,
    read_certificates,
    read_file,
    write_file,
    write_pem,
)
from app.trust.fingerprints import PINNED, Pinned
from app.trust.folder import INTERMEDIATES, Contents, Filed

# Seconds within which an address has to answer.
PATIENCE = 20.0
# Characters of the subject's name in a file name; they may take four bytes each.
_MAX_TITLE = 50
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_PUNCTUATION = re.compile(r"[\W_]+")


def obtain(source: str) -> Certificate:
    """Read the one certificate in a file, or at an http or https address.

    Raises UnreadableFile or FetchFailed.
    """
    if source.lower().startswith(("http://", "https://")):
        # Importing requests takes 0.1 s.
        from app.trust.downloads import fetch  # noqa: PLC0415

        data = fetch(
            source, destinations=AnyDestination(), limit=MAX_CERTIFICATES_SIZE, seconds=PATIENCE
        )
    else:
        data = read_file(Path(source), MAX_CERTIFICATES_SIZE)
    certificates = read_certificates(data)
    if len(certificates) > 1:
        raise UnreadableFile("{count} certificates are in it, not one", count=len(certificates))
    return certificates[0]


def approve(certificate: Certificate, fingerprint: str | None) -> Pinned | None:
    """Return whether a certificate may become an anchor, with its pinned entry if there is one.

    It must be a CA certificate whose SHA-256 is `fingerprint` or, if none is given, is pinned.
    Raises RefusedCertificate.
    """
    require_authority(certificate)
    pinned = PINNED.get(certificate.fingerprint)
    if fingerprint is None:
        if pinned is None:
            raise RefusedCertificate("its fingerprint is not known here")
        return pinned
    wanted = plain_fingerprint(fingerprint)
    if not _FINGERPRINT.fullmatch(wanted):
        raise RefusedCertificate("a SHA-256 fingerprint has 64 hexadecimal digits")
    if wanted != certificate.fingerprint:
        raise RefusedCertificate("its fingerprint is not the one given")
    return pinned


def plain_fingerprint(text: str) -> str:
    """Return a fingerprint, or its beginning, without colons and blanks."""
    return re.sub(r"[\s:]", "", text).lower()


def require_authority(certificate: Certificate) -> None:
    """Refuse a certificate that isn't a CA's (RFC 5280 sections 4.2.1.9 and 4.2.1.3).

    Raises RefusedCertificate.
    """
    try:
        constraints = basic_constraints(certificate)
        usages = key_usage(certificate)
    except MalformedExtension as error:
        raise RefusedCertificate(error.template, **error.values) from error
    if constraints is None or not constraints.ca:
        raise RefusedCertificate("it is not the certificate of an authority")
    if usages is not None and "keyCertSign" not in usages:
        raise RefusedCertificate("its key is not for signing certificates")


def store(certificate: Certificate, folder: Path, *, is_intermediate: bool = False) -> Path:
    """Write a certificate into TRUST_DIR, and return the file. Raises OSError."""
    place = folder / INTERMEDIATES if is_intermediate else folder
    path = place / _file_name(certificate)
    write_file(path, write_pem(certificate), durable=True)
    return path


def _file_name(certificate: Certificate) -> str:
    """Return a file name made of the subject's name, as far as possible, and the fingerprint."""
    holder = _PUNCTUATION.sub("-", title_of_name(certificate.subject).lower())[:_MAX_TITLE].strip(
        "-"
    )
    return f"{holder or 'certificate'}-{certificate.fingerprint[:16]}.pem"


def find_filed(
    certificate: Certificate, contents: Contents, *, is_intermediate: bool = False
) -> str | None:
    """Return the file of TRUST_DIR that already has a certificate; None if none has."""
    place = contents.intermediates if is_intermediate else contents.anchors
    return next((one.file for one in place if one.value == certificate), None)


def list_holders(contents: Contents, sha256: str) -> dict[str, bool]:
    """Return the files of TRUST_DIR with a certificate, and whether it is the only one in each."""
    filed: list[Filed[Certificate]] = [*contents.anchors, *contents.intermediates]
    holders = {one.file for one in filed if one.sha256 == sha256}
    return {file: sum(one.file == file for one in filed) == 1 for file in sorted(holders)}
