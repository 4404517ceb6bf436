"""Which XML signatures are intact: the usual ones, and each way to make one that is not."""

import hashlib
import time
import timeit
from base64 import b64encode
from pathlib import Path

import pytest
from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.xmldsig.canonical_forms import Form
from app.cms.xmldsig.canonicalization import Canonicaliser
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.verification import check_xml
from tests import pki
from tests.cms.xml_answers import IVAN, MISMATCH, answers, check, is_valid, signature_of, signed
from tests.gost_signer import GOST_2004, GOST_2015_256, GOST_2015_512, Kind
from tests.pki import xml_signer
from tests.pki.xml_signer import C14N, DS, ENVELOPED, Reference, Transform

ANNA = pki.person("ПЕТРОВА АННА")
ECDSA = pki.person("ECDSA", pki.ecdsa_key("person"))
DOCUMENT = '<a b="1"><b>1000</b> <c/></a>'
FORMS = [
    C14N,
    xml_signer.C14N_COMMENTS,
    xml_signer.C14N_11,
    xml_signer.C14N_11 + "#WithComments",
    xml_signer.EXCLUSIVE,
    xml_signer.EXCLUSIVE_COMMENTS,
]


@pytest.mark.parametrize("who", [IVAN, ECDSA], ids=["RSA", "ECDSA"])
def test_a_signature_over_the_whole_document_is_intact(who: pki.Holder) -> None:
    root = etree.fromstring(DOCUMENT)
    xml_signer.sign(root, who)
    [checked] = check(root)
    assert (checked.intact.answer, checked.intact.reasons) == (Answer.YES, ())
    assert is_valid(checked)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (GOST_2004, xml_signer.MORE + "gost34311"),
        (GOST_2015_256, xml_signer.NCA + "gostr34112015-256"),
        (GOST_2015_512, xml_signer.NCA + "gostr34112015-512"),
    ],
    ids=["2004", "2015, 256 bits", "2015, 512 bits"],
)
def test_gost_signatures_are_intact_and_valid(kind: Kind, method: str) -> None:
    who = pki.person("ГОСТ", pki.gost_key("person", kind))
    root = etree.fromstring(DOCUMENT)
    xml_signer.sign(root, who, Reference(method=method), digest=algorithms.DIGESTS[kind.digest])
    xml_signer.sign(root, IVAN)
    for checked in check(root):
        assert checked.intact.answer is Answer.YES
        assert is_valid(checked)
    altered = check(xml_signer.text(root).replace("1000", "1001"))
    assert [checked.intact.answer for checked in altered] == [Answer.NO, Answer.NO]


@pytest.mark.parametrize("name", ["rsa_enveloped", "two_signers_rsa_then_gost2015"])
def test_real_signatures_are_intact_and_valid(vectors: Path, name: str) -> None:
    text = (vectors / "xml" / f"{name}.xml").read_bytes().decode()
    for checked in check(text):
        assert checked.intact.answer is Answer.YES
        assert is_valid(checked)
    altered = check(text.replace(">test<", ">text<"))
    assert {checked.intact.answer for checked in altered} == {Answer.NO}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "document", [DOCUMENT, '<a xmlns="urn:d" xmlns:p="urn:p" p:q="1"><b/></a>']
)
def test_every_canonicalisation_is_known(form: str, document: str) -> None:
    root = etree.fromstring(document)
    octets = xml_signer.canonical(root, Transform(form))
    reference = Reference(transforms=(Transform(ENVELOPED), Transform(form)), signed=octets)
    xml_signer.sign(root, IVAN, reference, canonicalisation=Transform(form))
    [checked] = check(root)
    assert checked.intact.answer is Answer.YES
    assert is_valid(checked)


@pytest.mark.parametrize("prefixes", ["p", "p q", "nobody"])
def test_exclusive_canonicalisation_heeds_its_prefixes(prefixes: str) -> None:
    form = Transform(xml_signer.EXCLUSIVE, prefixes)
    root = etree.fromstring('<a xmlns:p="urn:p" xmlns:q="urn:q"><b/></a>')
    octets = xml_signer.canonical(root, form)
    reference = Reference(transforms=(Transform(ENVELOPED), form), signed=octets)
    xml_signer.sign(root, IVAN, reference, canonicalisation=form)
    [checked] = check(root)
    assert checked.intact.answer is Answer.YES
    assert is_valid(checked)
    signed_octets = xml_signer.canonical(root[-1][0], form)
    assert (b"urn:p" in signed_octets) is ("p" in prefixes.split())
    assert checked.signed_digest == hashlib.sha256(signed_octets).digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1000", "1001"),
        ("1000", "1000 "),
        ("1000", "<![CDATA[1000]]>0"),
        ("<b>", "<b >&#13;"),
        ("<b>", '<b c="">'),
        ("<b>", '<b xmlns="urn:x">'),
        ("</b> ", "</b>"),
        ("</b> ", "</b>\n"),
        ("<c/>", ""),
        ("<c/>", "<c/><c/>"),
        ("<c/>", "<?c?><c/>"),
        ('b="1"', 'b="2"'),
        ('b="1"', 'b="1" xmlns:p="urn:p"'),
        ("<a", "<?before?><a"),
        ("</a>", "</a><?after?>"),
    ],
)
def test_an_altered_document_is_not_intact(old: str, new: str) -> None:
    text = xml_signer.text(signed(DOCUMENT))
    assert text.count(old) == 1
    [checked] = check(text.replace(old, new))
    assert checked.intact.answer is Answer.NO
    assert str(checked.intact.reasons[0]) == MISMATCH


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<b>", "<b >"),
        ("<c/>", "<c></c>"),
        ("1000", "<![CDATA[1000]]>"),
        ("1000", "1&#48;00"),
        ('b="1"', "b='1'"),
        ("<a", "\n<a"),
    ],
)
def test_what_has_the_same_canonical_form_is_intact(old: str, new: str) -> None:
    text = xml_signer.text(signed(DOCUMENT))
    assert answers(text.replace(old, new, 1)) == ["yes"]


def test_line_ends_and_encodings_change_nothing() -> None:
    root = signed("<a>\n<b>текст\n</b>\n</a>")
    text = xml_signer.text(root)
    bare = text[text.index("?>") + 2 :]
    assert answers(bare.replace("\n", "\r\n")) == ["yes"]
    for encoding in ("windows-1251", "koi8-r", "utf-16"):
        sent = f'<?xml version="1.0" encoding="{encoding}"?>\r\n{bare}'.encode(encoding)
        assert answers(b64encode(sent).decode()) == ["yes"]


def test_an_altered_signed_info_is_not_valid() -> None:
    root = signed(DOCUMENT)
    signature_of(root)[0].append(etree.Comment("c"))
    assert is_valid(check(root)[0])
    signature_of(root)[0].tail = "x"
    assert is_valid(check(root)[0])
    signature_of(root)[0][2].set("Id", "x")
    assert not is_valid(check(root)[0])


def test_an_altered_digest_is_not_intact() -> None:
    root = signed(DOCUMENT)
    value = next(root.iter(f"{{{DS}}}DigestValue"))
    value.text = b64encode(bytes(32)).decode()
    assert answers(root) == [MISMATCH]
    xml_signer.resign(signature_of(root), ANNA)
    assert not is_valid(check(root)[0])


def test_signed_info_is_canonicalised_in_its_place() -> None:
    root = signed('<a xmlns="urn:d" xmlns:p="urn:p" xml:lang="kk"><b xml:space="preserve"/></a>')
    [checked] = check(root)
    assert checked.intact.answer is Answer.YES
    octets = b"".join(Canonicaliser(root, b"", {}).octets(signature_of(root)[0], Form()))
    assert checked.signed_digest == hashlib.sha256(octets).digest()
    assert octets.startswith(
        f'<ds:SignedInfo xmlns="urn:d" xmlns:ds="{DS}" xmlns:p="urn:p" xml:lang="kk">'.encode()
        + b"<ds:CanonicalizationMethod Algorithm="
    )
    assert b"xml:lang" not in xml_signer.text(root).encode().split(b"<ds:Signature")[1]


@pytest.mark.parametrize(
    "method",
    [f"{DS}hmac-sha1", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "urn:unknown"],
)
def test_an_unknown_signature_method_is_none(method: str) -> None:
    root = signed(DOCUMENT)
    next(root.iter(f"{{{DS}}}SignatureMethod")).set("Algorithm", method)
    [checked] = check(root)
    assert (checked.signed_digest, checked.method) == (b"", None)


def test_a_signature_method_with_parameters_is_none() -> None:
    root = signed(DOCUMENT)
    method = next(root.iter(f"{{{DS}}}SignatureMethod"))
    method.append(etree.Comment("no parameter"))
    assert check(root)[0].method
    etree.SubElement(method, f"{{{DS}}}HMACOutputLength").text = "8"
    assert check(root)[0].method is None


def test_without_a_canonical_signed_info_there_is_nothing_to_verify() -> None:
    root = signed(DOCUMENT)
    next(root.iter(f"{{{DS}}}CanonicalizationMethod")).set("Algorithm", "urn:x")
    [checked] = check(root)
    assert checked.signed_digest == b""
    assert checked.intact.answer is Answer.UNKNOWN
    assert answers(root) == ["urn:x is not supported"]


def test_other_keys_than_the_certificate_do_not_count() -> None:
    root = signed(DOCUMENT)
    info = next(root.iter(f"{{{DS}}}KeyInfo"))
    info.insert(0, etree.Element(f"{{{DS}}}KeyValue"))
    etree.SubElement(info[0], f"{{{DS}}}RSAKeyValue")
    etree.SubElement(info[1], f"{{{DS}}}X509Certificate").text = b64encode(
        ANNA.certificate
    ).decode()
    [checked] = check(root)
    assert checked.parsed.certificate == IVAN.certificate
    assert is_valid(checked)


@pytest.mark.attacks
def test_a_usual_check_takes_little_time() -> None:
    signed_xml = parse(xml_signer.text(signed(DOCUMENT)))
    assert isinstance(signed_xml, SignedXml)
    timer = timeit.Timer(lambda: check_xml(signed_xml), timer=time.process_time)
    assert min(timer.repeat(number=50, repeat=5)) / 50 < 0.003  # Usually 0.001.
