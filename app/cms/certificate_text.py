"""A certificate as text: base64 of its DER or of a file in PEM, or PEM (RFC 7468)."""

import re

from app.cms import text_encoding, wrapped
from app.cms.x509.certificate import MAX_CERTIFICATE_SIZE, Certificate, read_embedded_certificate

#: Characters: base64 with its line ends and armour.
_MAX_SIZE = 2 * MAX_CERTIFICATE_SIZE

_PEM = re.compile(r"\s*-----BEGIN CERTIFICATE-----(?P<base64>[^-]*)-----END CERTIFICATE-----\s*")


def is_pem_certificate(text: str) -> bool:
    """Return whether a text is one certificate in PEM, by its first and last line."""
    return len(text) <= _MAX_SIZE and _PEM.fullmatch(text) is not None


def parse_certificate(text: str) -> Certificate | None:
    """Parse the one certificate in a text; None if it is none, or can't be read.

    It may also come in a data URI, and in base64 of a file that is PEM or base64.
    """
    pem = _PEM.fullmatch(text) if len(text) <= _MAX_SIZE else None
    return _read(pem["base64"] if pem else text)


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
