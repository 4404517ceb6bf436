"""Signatures and bodies that once took gigabytes, or half a minute."""

from __future__ import annotations

from base64 import b64encode

from tests import der, pki, signing
from tests.api import people
from tests.builders import C14N, DS, ENVELOPED, SHA256
from tests.gost_signer import GOST_2015_512

MORE = "http://www.w3.org/2001/04/xmldsig-more#"


def percent_encoded_uri() -> str:
    """Thirty megabytes of percent-encoded characters: 2.3 GB."""
    return "data:application/xml,%3Ca%3E" + "%41" * 10_000_000


def millions_of_strings() -> bytes:
    """Ten million empty strings in JSON: 1.9 GB."""
    return b'{"document":[' + b'"",' * 9_999_999 + b'""]}'


def signatures_with_many_references() -> str:
    """200 signatures with 50 references each, over 23 MB: 34 s."""
    certificate = b64encode(pki.person().certificate).decode()
    reference = (
        f'<Reference URI=""><Transforms><Transform Algorithm="{ENVELOPED}"/></Transforms>'
        f'<DigestMethod Algorithm="{SHA256}"/><DigestValue>AAAA</DigestValue></Reference>'
    )
    signature = (
        f'<Signature xmlns="{DS}"><SignedInfo><CanonicalizationMethod Algorithm="{C14N}"/>'
        f'<SignatureMethod Algorithm="{MORE}rsa-sha256"/>{reference * 50}</SignedInfo>'
        f"<SignatureValue>AAAA</SignatureValue><KeyInfo><X509Data><X509Certificate>{certificate}"
        "</X509Certificate></X509Data></KeyInfo></Signature>"
    )
    text = f"<b>{'x' * 9_900_000}</b>"
    return f"<a>{text * 2}{signature * 200}</a>"


def gost_signers() -> str:
    """256 signers with GOST, of whom one has signed, in 119 KB: 22 s."""
    who = pki.person("GOST", pki.gost_key("GOST", GOST_2015_512))
    first = signing.signer_info(who)
    others = [first[:-4] + number.to_bytes(2, "big") + first[-2:] for number in range(255)]
    return b64encode(signing.signed_data([first, *others], [who])).decode()


def large_timestamps() -> str:
    """Timestamps of millions of empty elements: 2 s on a save."""
    info = der.sequence(der.NULL * 500_000)
    content = der.sequence(der.oid("1.2.840.113549.1.9.16.1.4"), der.explicit(0, der.octets(info)))
    data = der.sequence(der.integer(3), der.set_of(), content, der.set_of())
    token = der.sequence(der.oid("1.2.840.113549.1.7.2"), der.explicit(0, data))
    attribute = der.attribute(signing.TIMESTAMP, *[token] * 4)
    infos = [
        signing.signer_info(pki.person(f"P{number}"), unsigned=[attribute]) for number in range(5)
    ]
    people = [pki.person(f"P{number}") for number in range(5)]
    return b64encode(signing.signed_data(infos, people)).decode()


def escaped_form() -> bytes:
    """A form of 28 MB with nearly as many percent-encoded characters as are allowed: 212 MB."""
    return b"cms=" + b"%41" * 99_999 + b"x" * 28_000_000


def zeros() -> str:
    """A signature over 21 MB of zeros, each of which JSON writes with six bytes: 240 MB."""
    return people.cms(people.ivan(), content=bytes(21_000_000))


def wide_json() -> bytes:
    """A value of 28 MB of one byte each with one character of four at the end: 229 MB."""
    return b'{"cms":"' + b"A" * 28_000_000 + '😀"}'.encode()


def wide_form() -> bytes:
    """The same as a form, the character percent-encoded."""
    return b"cms=" + b"A" * 28_000_000 + b"%F0%9F%98%80"


def long_name() -> str:
    """A certificate of 20 MB, which is refused when all of it was decoded."""
    name = der.sequence(
        der.set_of(der.sequence(der.oid("2.5.4.3"), der.tlv(12, b"A" * 20_000_000)))
    )
    who = pki.certify(name, pki.rsa_key("LONG"), pki.authority(), pki.PERSON)
    return b64encode(signing.signed_data([signing.signer_info(who)], [who])).decode()


def deep_json() -> bytes:
    """Nothing but opened arrays."""
    return b'{"cms":' + b"[" * 29_000_000
