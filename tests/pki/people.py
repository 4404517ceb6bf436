"""A root, an authority below it, and people whose certificates have the least in them."""

from functools import cache

from tests.pki.certificates import (
    AUTHORITY,
    PERSON,
    RESPONDER,
    STAMPER,
    Holder,
    certify,
    name,
)
from tests.pki.keys import Key, rsa_key


@cache
def root(common_name: str = "ROOT", key: Key | None = None) -> Holder:
    """Return an authority that certifies itself; the same throughout the process."""
    return certify(name(common_name), key or rsa_key(common_name), None, AUTHORITY)


@cache
def authority(common_name: str = "NCA", key: Key | None = None) -> Holder:
    """Return an authority below the root."""
    return certify(name(common_name), key or rsa_key(common_name), root(), AUTHORITY)


@cache
def person(common_name: str = "ИВАНОВ ИВАН", key: Key | None = None) -> Holder:
    """Return a person with a certificate of the authority."""
    subject = name(common_name, "900101300017")
    return certify(subject, key or rsa_key(common_name), authority(), PERSON)


@cache
def stamper() -> Holder:
    """Return the authority of timestamps."""
    return certify(name("TSA"), rsa_key("TSA"), authority(), STAMPER)


@cache
def responder() -> Holder:
    """Return the one who answers by OCSP for the authority."""
    return certify(name("OCSP"), rsa_key("OCSP"), authority(), RESPONDER)
