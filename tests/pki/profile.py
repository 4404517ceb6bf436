"""An authority that certifies itself, and invented people: certificates with all the NCA writes."""

from functools import cache

from tests import der
from tests.pki.certificates import (
    AUTHORITY,
    COUNTRY,
    EMAIL_PROTECTION,
    Holder,
    basic_constraints,
    certify,
    crl_at,
    distinguished_name,
    extended_key_usage,
    extension,
    key_usage,
    name,
    ocsp_at,
)
from tests.pki.keys import rsa_key

_PERSON = "1.2.398.3.3.4.1.1"
_POLICY = "1.2.398.3.3.2"
_QUALIFIER = der.sequence(der.oid("1.3.6.1.5.5.7.2.1"), der.tlv(22, b"http://pki.example.kz/cps"))
_ADDRESSES = (
    crl_at("http://pki.example.kz/crl/test_rsa.crl"),
    extension("2.5.29.32", der.sequence(der.sequence(der.oid(_POLICY), der.sequence(_QUALIFIER)))),
    ocsp_at("http://ocsp.example.kz/", certificate="http://pki.example.kz/cert/test.cer"),
)


@cache
def authority(common_name: str = "ТЕСТОВЫЙ УЦ (RSA)") -> Holder:
    """Return an authority that certifies itself; the same throughout the process."""
    extensions = [*AUTHORITY, *_ADDRESSES]
    return certify(name(common_name), rsa_key(f"authority {common_name}"), None, extensions)


@cache
def person(
    common_name: str = "ИВАНОВ ИВАН",
    iin: str = "900101300017",
    *,
    patronymic: str = "ИВАНОВИЧ",
    organisation: str | None = None,
    bin_number: str | None = None,
    by: str = "ТЕСТОВЫЙ УЦ (RSA)",
) -> Holder:
    """Return a person, named by surname and first name, whom the authority `by` certified.

    `bin_number` and `organisation` make it one who signs for a legal entity.
    """
    attributes = [
        ("2.5.4.3", common_name),
        ("2.5.4.4", common_name.partition(" ")[0]),
        ("2.5.4.5", f"IIN{iin}"),
        (COUNTRY, "KZ"),
        ("2.5.4.42", patronymic),
        ("2.5.4.10", organisation),
        ("2.5.4.11", bin_number and f"BIN{bin_number}"),
    ]
    subject = distinguished_name(*[(kind, value) for kind, value in attributes if value])
    usage = key_usage("digitalSignature", "nonRepudiation")
    purposes = extended_key_usage(EMAIL_PROTECTION, _PERSON)
    extensions = [basic_constraints(ca=False), usage, *_ADDRESSES, purposes]
    return certify(subject, rsa_key(f"holder {common_name}"), authority(by), extensions)
