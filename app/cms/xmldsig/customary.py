"""Attributes that signatures and their tokens need, and whose values are no sentences."""

import re

from lxml import etree

from app.cms.xmldsig.canonical_forms import FORMS
from app.cms.xmldsig.security_tokens import BINARY_TOKEN, DS, DS_11, TOKEN_REFERENCE, WSSE
from app.cms.xmldsig.signature_parts import XADES

XENC = "{http://www.w3.org/2001/04/xmlenc#}"
WSSE_11 = "{http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd}"
CONFIRMATION = WSSE_11 + "SignatureConfirmation"

XML = "{http://www.w3.org/XML/1998/namespace}"
# Types of tokens, of what identifies them and of encodings (the profiles of WS-Security 1.0 and
# 1.1); some programs leave out what is before the fragment.
_KIND = (
    r"(?:http://docs\.oasis-open\.org/wss/(?:2004/01/oasis-200401-wss-|oasis-wss-)"
    r"(?:soap-message-security|x509-token-profile|saml-token-profile|kerberos-token-profile"
    r"|username-token-profile)-1\.[01](?:\.1)?)?"
    r"#(?:X509v[13]|X509PKIPathv1|PKCS7|X509SubjectKeyIdentifier|ThumbprintSHA1|Base64Binary"
    r"|HexBinary|EncryptedKey|EncryptedKeySHA1|UsernameToken|SAML(?:ID|AssertionID|V1\.1|V2\.0))"
)
# Algorithms of digests and of encryption (RFC 6931, XML Encryption 1.1).
_ALGORITHM = (
    r"http://www\.w3\.org/(?:2000/09/xmldsig#sha1|2001/04/xmlenc#(?:sha256|sha512|ripemd160"
    r"|tripledes-cbc|aes(?:128|192|256)-cbc|rsa-1_5|rsa-oaep-mgf1p|kw-(?:tripledes|aes(?:128|192"
    r"|256)))|2001/04/xmldsig-more#(?:md5|sha224|sha384)|2009/xmlenc11#(?:rsa-oaep"
    r"|aes(?:128|192|256)-gcm))"
    r"|urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr3411(?:2012-256|2012-512)?"
)
# A reference within the document, to an Id.
_FRAGMENT = r"#[!-~]{0,200}"
# The value of a signature in base64; of ECDSA and GOST, the shortest, 64 octets.
_SIGNATURE = r"(?:[A-Za-z0-9+/]{80,1400}={0,2})?"
# The values of attributes, by element; any element may have an Id.
_ATTRIBUTES = {
    WSSE + "KeyIdentifier": {"ValueType": _KIND, "EncodingType": _KIND},
    WSSE + "Reference": {"ValueType": _KIND, "URI": _FRAGMENT},
    BINARY_TOKEN: {"ValueType": _KIND, "EncodingType": _KIND},
    TOKEN_REFERENCE: {WSSE_11 + "TokenType": _KIND},
    CONFIRMATION: {"Value": _SIGNATURE},
    # That the curve is the key's is checked with it.
    DS_11 + "NamedCurve": {"URI": r"urn:oid:[0-9.]{1,100}"},
    DS_11 + "X509Digest": {"Algorithm": _ALGORITHM},
    DS + "DigestMethod": {"Algorithm": _ALGORITHM},
    XENC + "EncryptionMethod": {"Algorithm": _ALGORITHM},
    XENC + "DataReference": {"URI": _FRAGMENT},
    XENC + "KeyReference": {"URI": _FRAGMENT},
}
_DER = r"http://uri\.etsi\.org/01903/v1\.2\.2#(?:DER|BER|CER|PER|XER)"
_ATTRIBUTES |= {
    DS + "CanonicalizationMethod": {"Algorithm": "|".join(map(re.escape, FORMS))},
    **{
        xades + name: {"Encoding": _DER}
        for xades in XADES
        for name in (
            "EncapsulatedTimeStamp",
            "EncapsulatedX509Certificate",
            "EncapsulatedCRLValue",
            "EncapsulatedOCSPValue",
        )
    },
}
# Of XML itself. Where one applies to a part that is signed, `frame_attributes` reports it.
_OF_XML = {
    XML + "lang": r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}",
    XML + "space": r"default|preserve",
}
# An identifier or a reference: nothing that reads as a sentence.
_PLAIN = re.compile(r"[!-~]{0,200}")


def is_customary(element: etree._Element, name: str, value: str) -> bool:
    """Return whether a signature needs the attribute, and its value is no sentence."""
    local = etree.QName(name).localname
    if local.lower() == "id":
        return is_plain(value)
    if etree.QName(element).localname == "QualifyingProperties" and name == "Target":
        return bool(re.fullmatch(_FRAGMENT, value))
    pattern = _OF_XML.get(name) or _ATTRIBUTES.get(str(element.tag), {}).get(name)
    return pattern is not None and bool(re.fullmatch(pattern, value))


def is_plain(value: str) -> bool:
    """Return whether a value has no blanks and is short: it is no sentence."""
    return bool(_PLAIN.fullmatch(value))
