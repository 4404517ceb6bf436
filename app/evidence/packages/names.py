"""The names of the files of an evidence package."""

from __future__ import annotations

import re
from typing import Final

from app.cms import SignatureFile

README: Final = "README.txt"
RECORD: Final = "signature.ers"
#: All certificates; each is also in a file of its own, for programs that read one only.
CERTIFICATES: Final = "certificates.pem"
CERTIFICATE_FOLDER: Final = "certificates"
#: By the format of a signature.
SIGNATURES: Final = {"cms": "signature.p7m", "xml": "signature.xml"}
#: The folder and the suffix of each kind of revocation data.
FOLDERS: Final = {"ocsp": ("ocsp", "ors"), "crl": ("crl", "crl")}
#: Names of certificates of their own, with their place; of tokens and the octets that they are
#: over, with the number of the signer; and of revocation data.
CERTIFICATE: Final = re.compile(r"certificates/([1-9][0-9]{0,4})\.pem")
STAMPED: Final = re.compile(r"timestamps/([1-9][0-9]{0,4})\.octets")
TOKEN: Final = re.compile(r"timestamps/([1-9][0-9]{0,4})(?:-[1-9][0-9]{0,4})?\.tst")
OCSP: Final = re.compile(r"ocsp/[1-9][0-9]{0,4}\.ors")
CRL: Final = re.compile(r"crl/[1-9][0-9]{0,4}\.crl")

#: Files of a package, and bytes of all of them.
MAX_FILES: Final = 20_000
MAX_SIZE: Final = 256 * 1024 * 1024


def is_known(name: str) -> bool:
    """Return whether a package may have a file of that name."""
    fixed = (README, RECORD, CERTIFICATES, *SIGNATURES.values())
    patterns = (CERTIFICATE, STAMPED, TOKEN, OCSP, CRL)
    return name in fixed or any(pattern.fullmatch(name) for pattern in patterns)


def signature_name(file: SignatureFile) -> str:
    """Return the name of the signature. Raises KeyError if it is none."""
    return SIGNATURES[file.format or ""]


def token_name(number: int, place: int) -> str:
    """Return the name of a token of a signer, of whom there may be several, from 0."""
    return f"timestamps/{number}-{place + 1}.tst" if place else f"timestamps/{number}.tst"


def stamped_name(number: int) -> str:
    """Return the name of the octets that the timestamps of a signer are over."""
    return f"timestamps/{number}.octets"
