"""Signatures made in memory: a small PKI of invented persons, and what they sign.

Every key is RSA-2048 and made once in a process; every signature verifies, unless the caller asks
for one that is broken on purpose.
"""

import datetime
import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from lxml import etree

CONTENT = "Тестовый документ".encode()
# Fixed, so that what is built depends on no clock.
NOT_BEFORE = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
NOT_AFTER = datetime.datetime(2034, 1, 1, tzinfo=datetime.UTC)
SIGNING_TIME = datetime.datetime(2025, 6, 1, 12, 0, tzinfo=datetime.UTC)

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = DS + "enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """Give the key of that name, the same one throughout the process."""
    del name  # Only the cache tells names apart.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Identity:
    """A holder of a key: the certificate (DER) and those of the authorities above it."""

    key: rsa.RSAPrivateKey
    certificate: bytes
    chain: tuple[bytes, ...] = ()

    @property
    def parsed(self) -> asn1_x509.Certificate:
        """The certificate as asn1crypto reads it."""
        return asn1_x509.Certificate.load(self.certificate)


class Authority:
    """A certification authority, self-signed, that issues certificates to identities."""

    def __init__(self, common_name: str = "ТЕСТОВЫЙ УЦ (RSA)") -> None:
        """Make the authority's own certificate."""
        self._key = key(f"authority {common_name}")
        self._name = _name({NameOID.COUNTRY_NAME: "KZ", NameOID.COMMON_NAME: common_name})
        self._serial = 1000
        self.certificate = self._certify(self._name, self._key, 1, is_authority=True)

    def issue(
        self,
        common_name: str = "ИВАНОВ ИВАН",
        iin: str = "900101300017",
        *,
        surname: str = "ИВАНОВ",
        patronymic: str = "ИВАНОВИЧ",
        organisation: str | None = None,
        bin_number: str | None = None,
        serial: int | None = None,
    ) -> Identity:
        """Issue a certificate in the NCA's profile to an invented person.

        `bin_number` and `organisation` make it that of a person who signs for a legal entity.
        """
        attributes = {
            NameOID.COMMON_NAME: common_name,
            NameOID.SURNAME: surname,
            NameOID.SERIAL_NUMBER: f"IIN{iin}",
            NameOID.COUNTRY_NAME: "KZ",
            NameOID.GIVEN_NAME: patronymic,
        }
        if organisation:
            attributes[NameOID.ORGANIZATION_NAME] = organisation
        if bin_number:
            attributes[NameOID.ORGANIZATIONAL_UNIT_NAME] = f"BIN{bin_number}"
        self._serial += 1
        holder = key(f"holder {common_name}")
        certificate = self._certify(_name(attributes), holder, serial or self._serial)
        return Identity(holder, certificate, (self.certificate,))

    def _certify(
        self, subject: x509.Name, holder: rsa.RSAPrivateKey, serial: int, is_authority: bool = False
    ) -> bytes:
        """Sign a certificate with what every profile has: usage, identifiers, addresses."""
        url = x509.UniformResourceIdentifier("http://pki.example.kz/crl/test_rsa.crl")
        policy = x509.PolicyInformation(
            x509.ObjectIdentifier("1.2.398.3.3.2"), ["http://pki.example.kz/cps"]
        )
        purposes = ["1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.1"]
        access = [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(address))
            for method, address in (
                (AuthorityInformationAccessOID.CA_ISSUERS, "http://pki.example.kz/cert/test.cer"),
                (AuthorityInformationAccessOID.OCSP, "http://ocsp.example.kz/"),
            )
        ]
        usage = x509.KeyUsage(
            digital_signature=not is_authority,
            content_commitment=not is_authority,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=is_authority,
            crl_sign=is_authority,
            encipher_only=False,
            decipher_only=False,
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(holder.public_key())
            .serial_number(serial)
            .not_valid_before(NOT_BEFORE)
            .not_valid_after(NOT_AFTER)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(holder.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.CRLDistributionPoints([x509.DistributionPoint([url], None, None, None)]),
                critical=False,
            )
            .add_extension(x509.CertificatePolicies([policy]), critical=False)
            .add_extension(x509.AuthorityInformationAccess(access), critical=False)
        )
        if not is_authority:
            purpose = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in purposes])
            builder = builder.add_extension(purpose, critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.DER)


def _name(attributes: dict[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes.items()])


@cache
def authority() -> Authority:
    """Give the authority that issues to everybody who has no other."""
    return Authority()


@cache
def person(common_name: str = "ИВАНОВ ИВАН") -> Identity:
    """Give one person, named by surname and first name; the same throughout the process."""
    return authority().issue(common_name, surname=common_name.partition(" ")[0])


def sign_cms(
    content: bytes = CONTENT,
    signers: Sequence[Identity] | None = None,
    *,
    attached: bool = True,
    signed_attributes: bool = True,
    by_key_identifier: bool = False,
    certificates: Sequence[bytes] | None = None,
    content_type: str = "data",
) -> bytes:
    """Sign `content` as each of `signers` does (RFC 5652 section 5), and give the DER.

    `certificates` replaces the certificates that are embedded: the signers' own with their chains.
    """
    structure = cms_structure(
        content,
        signers,
        attached=attached,
        signed_attributes=signed_attributes,
        by_key_identifier=by_key_identifier,
        certificates=certificates,
        content_type=content_type,
    )
    return bytes(structure.dump())


def cms_structure(
    content: bytes = CONTENT,
    signers: Sequence[Identity] | None = None,
    *,
    attached: bool = True,
    signed_attributes: bool = True,
    by_key_identifier: bool = False,
    certificates: Sequence[bytes] | None = None,
    content_type: str = "data",
) -> cms.ContentInfo:
    """Build what `sign_cms` encodes, for a test that wants to break a part of it first."""
    identities = [person()] if signers is None else list(signers)
    if certificates is None:
        every = [der for who in identities for der in (who.certificate, *who.chain)]
        certificates = list(dict.fromkeys(every))
    # Version 3 is for other content than data (section 5.1); asn1crypto picks types by it.
    version, octets = "v1", core.OctetString
    if content_type != "data":
        version, octets = "v3", core.ParsableOctetString
    encapsulated: dict[str, object] = {"content_type": content_type}
    if attached:
        encapsulated["content"] = octets(content)
    infos = [
        _signer_info(who, content, signed_attributes, by_key_identifier, content_type)
        for who in identities
    ]
    fields: dict[str, object] = {
        "version": version,
        "digest_algorithms": [_algorithm("sha256")] if infos else [],
        "encap_content_info": encapsulated,
        "signer_infos": infos,
    }
    if certificates:
        fields["certificates"] = [asn1_x509.Certificate.load(der) for der in certificates]
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(fields)})


def _signer_info(
    who: Identity, content: bytes, signed_attributes: bool, by_key: bool, content_type: str
) -> cms.SignerInfo:
    certificate = who.parsed
    if by_key:
        name, value = "subject_key_identifier", certificate.key_identifier
    else:
        name = "issuer_and_serial_number"
        value = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    fields: dict[str, object] = {
        "version": "v3" if by_key else "v1",
        "sid": cms.SignerIdentifier(name, value),
        "digest_algorithm": _algorithm("sha256"),
        "signature_algorithm": cms.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
    }
    signed = content
    if signed_attributes:
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": kind, "values": [value]})
                for kind, value in (
                    ("content_type", content_type),
                    ("signing_time", cms.Time({"utc_time": SIGNING_TIME})),
                    ("message_digest", hashlib.sha256(content).digest()),
                )
            ]
        )
        fields["signed_attrs"] = attributes
        # Signed is the SET OF, not the [0] that stands in its place (section 5.4).
        signed = attributes.dump()
    fields["signature"] = who.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return cms.SignerInfo(fields)


def _algorithm(name: str) -> algos.DigestAlgorithm:
    return algos.DigestAlgorithm({"algorithm": name})


def indefinite_cms(content: bytes, piece: int = 1000) -> bytes:
    """Sign as streaming producers write it: BER of indefinite length, content in pieces.

    `piece` is the size of a piece in bytes.
    """
    signed = cms_structure(content)["content"]
    pieces = b"".join(
        core.OctetString(content[start : start + piece]).dump()
        for start in range(0, len(content), piece)
    )
    octets = b"\x24\x80" + pieces + b"\0\0"
    encapsulated = signed["encap_content_info"]["content_type"].dump()
    encapsulated = b"\x30\x80" + encapsulated + b"\xa0\x80" + octets + b"\0\0" + b"\0\0"
    rest = signed["certificates"].dump() + signed["signer_infos"].dump()
    fields = signed["version"].dump() + signed["digest_algorithms"].dump() + encapsulated + rest
    identifier = cms.ContentType("signed_data").dump()
    return bytes(b"\x30\x80" + identifier + b"\xa0\x80\x30\x80" + fields + b"\0\0" * 3)


def pem(der: bytes, label: str = "CMS", line_end: str = "\n") -> str:
    """Put PEM armour (RFC 7468) around bytes."""
    lines = [f"-----BEGIN {label}-----", wrapped(der, 64, line_end), f"-----END {label}-----", ""]
    return line_end.join(lines)


def wrapped(der: bytes, width: int, line_end: str = "\r\n") -> str:
    """Write bytes in base64, in lines of `width` characters."""
    text = b64encode(der).decode()
    return line_end.join(text[start : start + width] for start in range(0, len(text), width))


def usual_cms() -> str:
    """Give base64 of what most clients send: one signer, attached, with the authority above.

    It has about 4,100 characters.
    """
    return b64encode(sign_cms(CONTENT * 8)).decode()


def sign_xml(document: str = "<a><b>test</b></a>", signers: Sequence[Identity] = ()) -> str:
    """Add an enveloped XMLDSig signature of each of `signers`, one after the other.

    Each covers the document with the signatures before it, as the NCA's clients do; base64 has
    the carriage returns that Java leaves in it.
    """
    root = etree.fromstring(document.encode())
    for who in signers or [person()]:
        digest = hashlib.sha256(_canonical(root)).digest()
        signature = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS})
        signed_info = _add(signature, "SignedInfo")
        _add(signed_info, "CanonicalizationMethod", Algorithm=C14N)
        _add(signed_info, "SignatureMethod", Algorithm=RSA_SHA256)
        reference = _add(signed_info, "Reference", URI="")
        _add(_add(reference, "Transforms"), "Transform", Algorithm=ENVELOPED)
        _add(reference, "DigestMethod", Algorithm=SHA256)
        _add(reference, "DigestValue").text = b64encode(digest).decode()
        signed = who.key.sign(_canonical(signed_info), padding.PKCS1v15(), hashes.SHA256())
        _add(signature, "SignatureValue").text = wrapped(signed, 76)
        data = _add(_add(signature, "KeyInfo"), "X509Data")
        _add(data, "X509Certificate").text = wrapped(who.certificate, 76)
    body = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8" standalone="no"?>{body}'


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n")


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)
