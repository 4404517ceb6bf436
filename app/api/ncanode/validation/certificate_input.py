"""Where a certificate may stand in a signature's place."""

from __future__ import annotations

import re

from app.api.ncanode.validation.rules import CheckFailed
from app.cms import text_encoding, wrapped
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.x509.certificate import MAX_CERTIFICATE_SIZE, Certificate, read_embedded_certificate
from app.cms.xmldsig.parsing import SignedXml

#: Characters: base64 with its line ends and armour.
_MAX_SIZE = 2 * MAX_CERTIFICATE_SIZE

_PEM = re.compile(r"\s*-----BEGIN CERTIFICATE-----(?P<base64>[^-]*)-----END CERTIFICATE-----\s*")


def parse_either(text: str) -> SignedData | SignedXml | Certificate:
    """Read a signature, or a certificate: base64 of its DER or of a file in PEM, or PEM (RFC 7468).

    Raises:
        MalformedSignature: it is neither; what a signature would have to be.
        CheckFailed: it is meant to be a certificate, and can't be read.
    """
    pem = _PEM.fullmatch(text) if len(text) <= _MAX_SIZE else None
    if pem:
        certificate = _read(pem["base64"])
        if certificate is None:
            raise CheckFailed("Certificate is not legal")
        return certificate
    try:
        return parse(text, trailing_zeros=True)
    except MalformedSignature:
        certificate = _read(text)
        if certificate is None:
            raise
        return certificate


def _read(text: str, *, inner: bool = False) -> Certificate | None:
    """Read base64 of DER, or unless `inner` of a file with PEM or base64; also in a data URI."""
    if len(text) > _MAX_SIZE:
        return None
    for reading in text_encoding.readings(text_encoding.open_data_uri(text)):
        try:
            data = text_encoding.decode(reading)
        except ValueError:
            continue
        file = None if inner else wrapped.text_of(data)
        if file is None:
            return read_embedded_certificate(data)
        pem = _PEM.fullmatch(file.lstrip(text_encoding.MARGIN))
        return _read(pem["base64"] if pem else file, inner=True)
    return None
