"""Parameters that accept a certificate in place of a signature."""

from __future__ import annotations

from app.api.ncanode.validation.rules import CheckFailed
from app.cms import (
    Certificate,
    MalformedSignature,
    SignedData,
    SignedXml,
    is_pem_certificate,
    parse,
    parse_certificate,
)


def parse_either(text: str) -> SignedData | SignedXml | Certificate:
    """Read a signature, or a certificate: base64 of its DER or of a file in PEM, or PEM (RFC 7468).

    Raises:
        MalformedSignature: it is neither; the error is that for a signature.
        CheckFailed: it is a certificate that can't be read.
    """
    if is_pem_certificate(text):
        certificate = parse_certificate(text)
        if certificate is None:
            raise CheckFailed("Certificate is not legal")
        return certificate
    try:
        return parse(text, trailing_zeros=True)
    except MalformedSignature:
        certificate = parse_certificate(text)
        if certificate is None:
            raise
        return certificate
