"""The signer's certificate is the one whose key verifies, wherever an XML signature has it."""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from collections.abc import Callable
from itertools import cycle, islice

import pytest
from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.claims import describe
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import Certificate
from app.cms.xmldsig import signer_choice
from app.cms.xmldsig.key_info import MAX_CANDIDATES, MAX_DIFFERENT, MAX_REFUSED
from app.cms.xmldsig.key_values import is_curve_of_key
from app.cms.xmldsig.named_certificate import MAX_NAMES
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.security_tokens import MAX_TOKENS, WSSE
from tests import der, gost_signer, pki
from tests.cms.judging import AT, IVAN, NCA, ROOT, read, text
from tests.pki import Holder, xml_signer
from tests.pki.xml_signer import C14N, DS, Reference, Transform
from tests.soap_messages import (
    PROFILE,
    THUMBPRINT,
    WAYS,
    base64,
    by_key_identifier,
    by_reference,
    certificates,
    element,
    issuer_serial,
    message,
    token,
    token_reference,
    with_key_info,
)

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
OTHER = pki.person("ПЕТРОВ ПЁТР")
IVAN_AGAIN = pki.certify(IVAN.subject, IVAN.key, NCA, pki.PERSON, serial=4711)
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SHA256_URI = "http://www.w3.org/2001/04/xmlenc#sha256"
DS_11 = "{http://www.w3.org/2009/xmldsig11#}"
UNSIGNED = "in a place that is not signed"
NOT_ALL = "not all certificates that KeyInfo names could be read and tried"


def judge(root: etree._Element) -> SignerStatus:
    """Verify, and see that who is kept as the signer is the same."""
    signature = parse(xml_signer.text(root))
    [status] = Verifier(read(ROOT)).verify(signature, at=AT)
    [claimed] = describe(signature)
    assert claimed.certificate == status.certificate
    return status


def letter() -> etree._Element:
    return etree.fromstring("<letter><to>1</to></letter>")


def letter_with(*contents: etree._Element, by: Holder = IVAN) -> etree._Element:
    """Sign a letter, and put something else into KeyInfo."""
    root = letter()
    with_key_info(xml_signer.sign(root, by), *contents)
    return root


@pytest.mark.parametrize(
    "signer",
    [
        IVAN,
        pki.person("GOST", pki.gost_key("GOST", gost_signer.GOST_2015_512)),
        pki.person("GOST 2004", pki.gost_key("GOST 2004", gost_signer.GOST_2004)),
        pki.person("EC", pki.ecdsa_key("EC")),
    ],
    ids=["rsa", "gost 2015", "gost 2004", "ecdsa"],
)
def test_the_signer_is_whose_key_verifies_and_the_others_build_the_path(signer: Holder) -> None:
    for listed in ([NCA, signer], [OTHER, NCA, signer], [signer, NCA], [ROOT, NCA, OTHER, signer]):
        status = judge(letter_with(certificates(*listed), by=signer))
        assert status.certificate.der == signer.certificate
        assert (status.intact.answer, status.valid.answer) == (YES, YES)
        assert status.path.answer is YES


def test_separate_lists_of_certificates_are_one() -> None:
    root = letter_with(certificates(NCA), certificates(IVAN))
    assert judge(root).certificate.der == IVAN.certificate


def test_each_signature_of_a_document_has_a_signer_of_its_own() -> None:
    root = letter()
    for signer in (IVAN, OTHER):
        with_key_info(xml_signer.sign(root, signer), certificates(NCA, OTHER, IVAN))
    signature = parse(xml_signer.text(root))
    found = [one.certificate.der for one in describe(signature)]
    assert found == [IVAN.certificate, OTHER.certificate]


def test_where_no_key_verifies_the_certificate_that_issued_no_other_counts() -> None:
    status = judge(letter_with(certificates(NCA, IVAN), by=OTHER))
    assert (status.certificate.der, status.valid.answer) == (IVAN.certificate, NO)
    data = certificates(NCA, ROOT)
    data.append(issuer_serial(ROOT.serial))
    assert judge(letter_with(data, by=OTHER)).certificate.der == ROOT.certificate


def ski(value: bytes) -> etree._Element:
    return element(f"{{{DS}}}X509SKI", text=base64(value))


def x509_digest(certificate: bytes, uri: str = SHA256_URI) -> etree._Element:
    digest = hashlib.sha256(certificate).digest()
    return element(DS_11 + "X509Digest", text=base64(digest), Algorithm=uri)


@pytest.mark.parametrize(
    ("names", "answer"),
    [
        ([issuer_serial(IVAN.serial)], YES),
        ([issuer_serial(NCA.serial), issuer_serial(IVAN.serial)], YES),
        ([issuer_serial(OTHER.serial)], UNKNOWN),
        ([issuer_serial(f" {IVAN.serial}\n")], YES),
        ([issuer_serial("0x4F"), issuer_serial("9" * 5000)], UNKNOWN),
        ([ski(IVAN.key.identifier)], YES),
        ([ski(der.octets(IVAN.key.identifier))], YES),
        ([ski(NCA.key.identifier), ski(IVAN.key.identifier)], YES),
        ([ski(OTHER.key.identifier)], UNKNOWN),
        ([ski(IVAN.key.identifier), issuer_serial(OTHER.serial)], UNKNOWN),
        ([x509_digest(IVAN.certificate)], YES),
        ([x509_digest(NCA.certificate), x509_digest(IVAN.certificate)], YES),
        ([x509_digest(OTHER.certificate)], UNKNOWN),
    ],
)
@pytest.mark.parametrize("listed", [(IVAN,), (NCA, IVAN)])
def test_what_key_info_names_must_agree(
    names: list[etree._Element], answer: Answer, listed: tuple[Holder, ...]
) -> None:
    data = certificates(*listed)
    data.extend([etree.fromstring(etree.tostring(name)) for name in names])
    status = judge(letter_with(data))
    assert (status.certificate.der, status.valid.answer) == (IVAN.certificate, answer)
    assert (UNSIGNED in text(status.valid)) is (answer is UNKNOWN)


def test_an_identifier_of_a_key_needs_no_extension() -> None:
    plain = pki.certify(IVAN.subject, IVAN.key, NCA, [pki.extension("2.5.29.14", b"\5\0")])
    data = certificates(plain)
    data.append(ski(hashlib.sha1(IVAN.key.bits, usedforsecurity=False).digest()))
    assert judge(letter_with(data, by=plain)).valid.answer is YES


def test_of_two_certificates_for_one_key_the_named_one_counts() -> None:
    for named in (IVAN, IVAN_AGAIN):
        data = certificates(IVAN, IVAN_AGAIN)
        data.append(issuer_serial(named.serial))
        assert judge(letter_with(data)).certificate.der == named.certificate


RIVALS = "other certificates in the signature have the same key"


def test_that_two_certificates_have_the_key_is_said_unless_one_of_them_is_signed() -> None:
    """Anyone may add the second, or reorder them."""
    for listed in ([IVAN, IVAN_AGAIN], [IVAN_AGAIN, IVAN], [NCA, IVAN, IVAN_AGAIN, OTHER]):
        status = judge(letter_with(certificates(*listed)))
        signer, other = (one for one in listed if one.key is IVAN.key)
        assert (status.certificate.der, status.valid.answer) == (signer.certificate, YES)
        assert text(status.valid).startswith(RIVALS)
        assert text(status.valid).endswith(f"ИВАНОВ ИВАН ({other.serial:x})")
    for listed in ([IVAN], [NCA, IVAN, OTHER], [IVAN, IVAN]):
        assert text(judge(letter_with(certificates(*listed))).valid) == ""


@pytest.mark.parametrize("is_signed", [True, False])
def test_what_is_signed_alone_decides_between_two_certificates(is_signed: bool) -> None:
    properties = signing_certificate(IVAN.certificate)
    document = xades(properties, signed=0 if is_signed else None)
    root = etree.fromstring(document.encode())
    with_key_info(next(root.iter(f"{{{DS}}}Signature")), certificates(IVAN_AGAIN, IVAN))
    status = judge(root)
    assert (status.certificate.der, status.valid.answer) == (IVAN.certificate, YES)
    assert (RIVALS in text(status.valid)) is not is_signed


def test_of_a_signature_that_does_not_verify_nothing_is_said_of_other_certificates() -> None:
    status = judge(letter_with(certificates(IVAN, IVAN_AGAIN), by=OTHER))
    assert status.valid.answer is NO
    assert RIVALS not in text(status.valid)


def signing_certificate(
    *meant: bytes, name: str = "SigningCertificate", uri: str = SHA256_URI
) -> etree._Element:
    """Make a QualifyingProperties with one XAdES property."""
    made = element(f"{{{XADES}}}{name}")
    for certificate in meant:
        digest = element(
            f"{{{XADES}}}CertDigest",
            element(f"{{{DS}}}DigestMethod", Algorithm=uri),
            element(f"{{{DS}}}DigestValue", text=base64(hashlib.sha256(certificate).digest())),
        )
        made.append(element(f"{{{XADES}}}Cert", digest))
    for outer in ("SignedSignatureProperties", "SignedProperties", "QualifyingProperties"):
        made = element(f"{{{XADES}}}{outer}", made)
    return made


def xades(
    *properties: etree._Element,
    signed: int | None = 0,
    names: str = "properties",
    by: Holder = IVAN,
) -> str:
    """Sign a letter as Ivan, and one of the properties with it; return it as text."""
    root = letter()
    references = [Reference()]
    if signed is not None:
        references.append(Reference("#properties", [Transform(C14N)], signed=b""))
    signature = xml_signer.sign(root, by, *references, objects=properties)
    if signed is not None:
        place = signature.findall(f"{{{DS}}}Object")[signed]
        part = {"object": place, "outer": place[0], "properties": place[0][0]}[names]
        part.set("Id", "properties")
        digest = hashlib.sha256(xml_signer.canonical(part)).digest()
        signature[0][3][-1].text = base64(digest)
        xml_signer.resign(signature, by)
    return xml_signer.text(root)


def valid(document: str) -> tuple[Answer, Answer, str]:
    [status] = Verifier(read(ROOT)).verify(parse(document), at=AT)
    return status.intact.answer, status.valid.answer, text(status.valid)


@pytest.mark.parametrize("name", ["SigningCertificate", "SigningCertificateV2"])
@pytest.mark.parametrize("names", ["object", "outer", "properties"])
def test_xades_names_the_certificate_as_far_as_it_is_signed(name: str, names: str) -> None:
    right = signing_certificate(IVAN.certificate, name=name)
    assert valid(xades(right, names=names)) == (YES, YES, "")
    wrong = signing_certificate(OTHER.certificate, name=name)
    meant = f"the signature names another certificate (XAdES {name})"
    assert valid(xades(wrong, names=names)) == (YES, NO, meant)
    intact, answer, reasons = valid(xades(wrong, signed=None))
    assert (intact, answer) == (YES, UNKNOWN)
    assert f"XAdES {name}" in reasons
    assert UNSIGNED in reasons


def test_the_signer_may_be_any_of_the_certificates_that_xades_lists() -> None:
    assert valid(xades(signing_certificate(NCA.certificate, IVAN.certificate)))[1] is YES


def test_an_unsigned_property_hides_no_signed_one() -> None:
    """It may be put there to make a certificate fit that the issuer made for the same key."""
    for signed in (0, 1):
        listed = [signing_certificate(IVAN.certificate), signing_certificate(IVAN.certificate)]
        listed[signed] = signing_certificate(IVAN_AGAIN.certificate)
        assert valid(xades(*listed, signed=signed))[1] is NO


def test_many_unsigned_properties_hide_no_signed_one() -> None:
    crowd = [signing_certificate(IVAN.certificate) for _ in range(MAX_NAMES)]
    meant = signing_certificate(IVAN_AGAIN.certificate)
    assert valid(xades(*crowd, meant, signed=MAX_NAMES))[1] is NO


@pytest.mark.parametrize("names", ["object", "outer", "properties"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_signed_property_that_was_moved_is_not_forgotten(names: str, inside: bool) -> None:
    for meant, answer in ((IVAN, YES), (IVAN_AGAIN, UNKNOWN)):
        document = xades(signing_certificate(meant.certificate), names=names)
        root = etree.fromstring(document.encode())
        part = root.find(".//*[@Id='properties']")
        assert part is not None
        [signature] = root.iterchildren(f"{{{DS}}}Signature")
        above = part.getparent()
        assert above is not None
        above.remove(part)
        other = signature
        if not inside:
            xml_signer.sign(root, IVAN, Reference())
            other = root[-1]
        other.append(element(f"{{{DS}}}Object", element(f"{{{DS}}}Object", part)))
        first = Verifier(read(ROOT)).verify(parse(xml_signer.text(root)), at=AT)[0]
        assert (first.intact.answer, first.valid.answer) == (YES, answer)


def test_a_digest_that_is_not_known_says_nothing_of_a_certificate() -> None:
    document = xades(signing_certificate(IVAN.certificate, uri="urn:unknown"))
    assert valid(document) == (YES, UNKNOWN, "urn:unknown is not supported")
    empty = element(f"{{{XADES}}}Cert", element(f"{{{XADES}}}CertDigest"))
    properties = signing_certificate()
    properties[0][0][0].append(empty)
    assert valid(xades(properties))[1] is UNKNOWN


def test_what_is_no_certificate_is_passed_over() -> None:
    data = certificates(IVAN)
    data.insert(0, element(f"{{{DS}}}X509Certificate", text="AAAA"))
    assert judge(letter_with(data)).valid.answer is YES


@pytest.mark.parametrize("text_of_other", ["AAAA", "?", "A" * 100_000, ""])
def test_what_can_not_be_read_may_have_been_the_signers(text_of_other: str) -> None:
    data = certificates(NCA)
    data.append(element(f"{{{DS}}}X509Certificate", text=text_of_other))
    status = judge(letter_with(data))
    assert (status.valid.answer, text(status.valid)) == (UNKNOWN, NOT_ALL)


def test_a_key_that_is_not_supported_may_be_the_signers() -> None:
    known, unknown = (bytes.fromhex(f"06092a864886f70d0101{end}0500") for end in ("01", "7f"))
    assert IVAN.certificate.count(known) == 1
    data = certificates(NCA)
    strange = etree.SubElement(data, f"{{{DS}}}X509Certificate")
    strange.text = base64(IVAN.certificate.replace(known, unknown))
    status = judge(letter_with(data))
    assert status.valid.answer is UNKNOWN


def test_only_so_many_certificates_are_tried() -> None:
    crowd = [pki.person(f"N{number}", OTHER.key) for number in range(MAX_CANDIDATES)]
    assert judge(letter_with(certificates(*crowd[1:], IVAN))).valid.answer is YES
    status = judge(letter_with(certificates(*crowd, IVAN)))
    assert (status.valid.answer, text(status.valid)) == (UNKNOWN, NOT_ALL)
    # The same one again costs a place among those that are read, and none among those tried.
    assert judge(letter_with(certificates(*[NCA] * 31, IVAN))).valid.answer is YES
    assert judge(letter_with(certificates(*[NCA] * 32, IVAN))).valid.answer is UNKNOWN


@pytest.mark.parametrize("name", ["MAX_COST", "MAX_CANONICAL_COST"])
def test_what_costs_too_much_to_determine_is_unknown(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signer_choice, name, 10)
    other = pki.certify(pki.name("X"), OTHER.key, NCA, pki.PERSON)
    assert judge(letter_with(certificates(NCA, IVAN))).valid.answer is YES
    status = judge(letter_with(certificates(other, IVAN)))
    assert (status.certificate.der, status.valid.answer) == (other.certificate, UNKNOWN)


def test_a_method_that_is_not_known_leaves_the_likeliest() -> None:
    for old, new in (("rsa-sha256", "rsa-unknown"), (C14N, "urn:unknown")):
        document = xml_signer.text(letter_with(certificates(NCA, IVAN))).replace(old, new, 1)
        [status] = Verifier(read(ROOT)).verify(parse(document), at=AT)
        assert (status.certificate.der, status.valid.answer) == (IVAN.certificate, UNKNOWN)


# Messages as WS-Security signs them.


@pytest.mark.parametrize("way", WAYS)
def test_messages_of_ws_security_name_their_certificate(way: str) -> None:
    status = judge(WAYS[way]())
    assert status.certificate.der == IVAN.certificate
    assert (status.intact.answer, status.valid.answer) == (YES, YES)


@pytest.mark.parametrize(
    "kind", [gost_signer.GOST_2004, gost_signer.GOST_2015_256, gost_signer.GOST_2015_512]
)
def test_a_message_may_be_signed_by_gost(kind: gost_signer.Kind) -> None:
    """As NCANode does: exclusive canonicalisation, the certificate itself in a KeyIdentifier."""
    who = pki.person("GOST", pki.gost_key("GOST", kind))
    oid, uri = {
        gost_signer.GOST_2004: (algorithms.GOST_34311, xml_signer.MORE + "gost34311"),
        gost_signer.GOST_2015_256: (
            algorithms.STREEBOG_256,
            xml_signer.NCA + "gostr34112015-256",
        ),
        gost_signer.GOST_2015_512: (
            algorithms.STREEBOG_512,
            xml_signer.NCA + "gostr34112015-512",
        ),
    }[kind]
    root = message(
        by_key_identifier(value=who.certificate),
        who=who,
        digest=lambda data: algorithms.digest(oid, data),
        method=uri,
    )
    status = judge(root)
    assert status.certificate.der == who.certificate
    assert (status.intact.answer, status.valid.answer) == (YES, YES)
    root[1][0].text = "2"
    assert judge(root).intact.answer is NO


@pytest.mark.parametrize(
    "key_info",
    [
        by_reference("#elsewhere"),
        by_reference(""),
        by_reference("http://127.0.0.1/token"),
        by_key_identifier(THUMBPRINT, b"another"),
        by_key_identifier(f"{PROFILE}#X509SubjectKeyIdentifier", b"another"),
        by_key_identifier(value=b"none"),
        token_reference(),
        token_reference(element("{urn:x}Reference", URI="#token")),
    ],
)
def test_a_certificate_that_is_not_in_the_message_is_missing(key_info: etree._Element) -> None:
    document = xml_signer.text(message(key_info, token()))
    with pytest.raises(MalformedSignature, match="X509Certificate is missing"):
        parse(document)


@pytest.mark.parametrize(
    "broken",
    [
        token(b""),
        token(b"\x30\0"),
        token(b"\x30\0", "#X509PKIPathv1"),
        token(b"\5\0", "#X509PKIPathv1"),
        token(b"", "#X509PKIPathv1"),
        token(b"\x30\0", "#PKCS7"),
        token(der.sequence(*[IVAN.certificate] * (MAX_TOKENS + 1)), "#X509PKIPathv1"),
    ],
)
def test_a_token_that_can_not_be_read_is_none(broken: etree._Element) -> None:
    with pytest.raises(MalformedSignature, match="X509Certificate is missing"):
        parse(xml_signer.text(message(by_reference(), broken)))


def test_tokens_with_the_same_id_are_none() -> None:
    with pytest.raises(MalformedSignature, match="X509Certificate is missing"):
        parse(xml_signer.text(message(by_reference(), token(), token(OTHER.certificate))))


def test_an_identifier_finds_a_token_beside_one_that_is_broken() -> None:
    way = by_key_identifier(f"{PROFILE}#X509SubjectKeyIdentifier", IVAN.key.identifier)
    no_identifier = pki.certify(OTHER.subject, OTHER.key, NCA, [pki.extension("2.5.29.14", b"")])
    tokens = [token(b"\x30\0"), token(no_identifier.certificate), token()]
    assert judge(message(way, *tokens)).valid.answer is YES


# What costs: all of it is done on each save.

TOKENS = f'xmlns:w="{WSSE[1:-1]}"'
HARD = base64(der.tlv(0x30, b"\5\0" * 8000))
USUAL = (
    xml_signer.text(letter_with(certificates(IVAN))).partition("</to>")[2].partition("</letter>")[0]
)


def crowd(count: int) -> list[str]:
    """Write that many different certificates, large ones."""
    large = pki.extension("1.2.3.4", bytes(15_000))
    made = pki.certify(pki.name("X" * 8), IVAN.key, NCA, [large]).certificate
    assert made.count(b"X" * 8) == 1
    return [
        f"<ds:X509Certificate>{base64(made.replace(b'X' * 8, b'%08d' % number))}"
        "</ds:X509Certificate>"
        for number in range(count)
    ]


def in_key_info(text_inside: str, count: int) -> str:
    return USUAL.replace("</ds:KeyInfo>", text_inside + "</ds:KeyInfo>") * count


def hostile_references() -> str:
    references = '<w:Reference URI="#x"/>' * MAX_TOKENS
    inside = f"<w:SecurityTokenReference>{references}</w:SecurityTokenReference>" * 3
    return in_key_info(inside, 250) + "<a/>" * 20_000 + "<w:BinarySecurityToken/>"


def hostile_identifiers() -> str:
    one = '<w:KeyIdentifier ValueType="#ThumbprintSHA1">AAAA</w:KeyIdentifier>'
    inside = f"<w:SecurityTokenReference>{one * MAX_TOKENS}</w:SecurityTokenReference>"
    tokens = f"<w:BinarySecurityToken>{'A' * 200_000}</w:BinarySecurityToken>" * MAX_TOKENS
    return in_key_info(inside, 200) + tokens


def hostile_tokens() -> str:
    inside = "<ds:X509Data><ds:X509IssuerSerial/></ds:X509Data>"
    tokens = f"<w:BinarySecurityToken>{HARD}</w:BinarySecurityToken>" * MAX_TOKENS
    return in_key_info(inside, 250) + tokens


def hostile_values() -> str:
    hard = f"<ds:X509Certificate>{HARD}</ds:X509Certificate>"
    return in_key_info(f"<ds:X509Data>{hard * 31}</ds:X509Data>", 20)


def hostile_crowd() -> str:
    shown = cycle(crowd(400))
    return "".join(
        in_key_info(f"<ds:X509Data>{''.join(islice(shown, 15))}</ds:X509Data>", 1)
        for _ in range(40)
    )


def hostile_choice() -> str:
    """Sign nothing that verifies, with many keys to try."""
    keys = [pki.person(f"N{number}", pki.rsa_key(f"N{number}")) for number in range(4)]
    keys += [
        pki.person(f"G{number}", pki.gost_key(f"G{number}", gost_signer.GOST_2015_512))
        for number in range(8)
    ]
    listed = etree.tostring(certificates(*keys), encoding="unicode")
    return in_key_info(listed, 250).replace(
        "<ds:SignatureValue>", "<ds:SignatureValue>" + b64encode(bytes(3)).decode()
    )


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize(
    "build",
    [
        hostile_references,
        hostile_identifiers,
        hostile_tokens,
        hostile_values,
        hostile_crowd,
        hostile_choice,
    ],
)
def test_a_document_that_is_built_to_cost_much_is_read_in_little_time(
    build: Callable[[], str],
) -> None:
    document = f"<r {TOKENS}>{build()}</r>"
    taken = []
    for _ in range(3):
        started = time.process_time()
        signature = parse(document)
        taken.append(time.process_time() - started)
        assert isinstance(signature, SignedXml)
    # Parsing the text alone costs some 0.1 s, and choosing may cost signer_choice.MAX_COST.
    assert min(taken) < 0.9


def test_so_many_different_values_are_looked_through_in_one_document() -> None:
    bad = "".join(
        f"<ds:X509Certificate>{base64(number.to_bytes(2, 'big'))}</ds:X509Certificate>"
        for number in range(MAX_REFUSED)
    )
    late = in_key_info(f"<ds:X509Data>{bad}</ds:X509Data>", 1) + USUAL.replace(
        base64(IVAN.certificate), base64(OTHER.certificate)
    )
    signature = parse(f"<r>{late}</r>")
    assert isinstance(signature, SignedXml)
    assert [one.uncertain for one in signature.signatures] == [True, False]
    many = crowd(MAX_DIFFERENT)
    groups = [
        in_key_info(f"<ds:X509Data>{''.join(many[start : start + 15])}</ds:X509Data>", 1)
        for start in range(0, MAX_DIFFERENT, 15)
    ]
    signature = parse(f"<r>{''.join(groups)}</r>")
    assert isinstance(signature, SignedXml)
    assert [one.uncertain for one in signature.signatures[:2]] == [False, False]
    assert len(signature.signatures[-1].certificates) < 15


def test_the_curve_in_a_key_value_must_be_that_of_the_key() -> None:
    holder = pki.person(key=pki.ecdsa_key("curve"))
    certificate = Certificate.parse(holder.certificate)
    assert is_curve_of_key("urn:oid:1.2.840.10045.3.1.7", certificate)
    assert not is_curve_of_key("urn:oid:1.3.132.0.34", certificate)
    assert not is_curve_of_key("urn:oid:pay-1000", certificate)
    assert not is_curve_of_key("urn:oid:1.2.840.10045.3.1.7", Certificate.parse(IVAN.certificate))
