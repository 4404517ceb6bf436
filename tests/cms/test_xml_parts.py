"""Signatures over parts whose namespaces are declared above them: true ones and altered ones."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig.canonical_forms import C14N, C14N_11, EXCLUSIVE, FORMS
from tests import pki
from tests.cms.text_signing import sign
from tests.pki.xml_signer import DS, ENVELOPED

PART_ALONE = "the signature covers only a part of the document"
OTHER_DIGEST = "the content is not what was signed: its digest (SHA-256) is another"
PREFIX_LISTS = ("", "p", "#default", "#default p q nothing")


def signature(uri: str, *, prefix: str = "", enveloped: bool = False, content: str = "") -> str:
    """Write a signature that is to be filled, with METHOD for its canonicalisations."""
    tag = f"{prefix}:" if prefix else ""
    declared = f'xmlns:{prefix}="{DS}"' if prefix else f'xmlns="{DS}"'
    first = f'<{tag}Transform Algorithm="{ENVELOPED}"/>' if enveloped else ""
    return f"""<{tag}Signature {declared}><{tag}SignedInfo>
<{tag}CanonicalizationMethod METHOD</{tag}CanonicalizationMethod>
<{tag}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
<{tag}Reference URI="{uri}"><{tag}Transforms>{first}<{tag}Transform METHOD</{tag}Transform>
</{tag}Transforms><{tag}DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
<{tag}DigestValue>DIGEST</{tag}DigestValue></{tag}Reference></{tag}SignedInfo>
<{tag}SignatureValue>VALUE</{tag}SignatureValue><{tag}KeyInfo><{tag}X509Data>
<{tag}X509Certificate>CERTIFICATE</{tag}X509Certificate></{tag}X509Data></{tag}KeyInfo>
{content}</{tag}Signature>"""


def method(form: str, prefixes: str = "") -> str:
    """Write what stands for METHOD."""
    if not prefixes:
        return f'Algorithm="{form}">'
    return f'Algorithm="{form}"><InclusiveNamespaces xmlns="{EXCLUSIVE}" PrefixList="{prefixes}"/>'


INNER = (
    '<to q:b="2" a="1" p:b="3"><name>Қазақ &amp; <![CDATA[<Co>]]>&#13;</name><p:copy><of/></p:copy>'
    '</to><plain xmlns="" x="&#9;"><deep><?i ?><!-- c --></deep></plain>'
)
NAMESPACES = 'xmlns="urn:letter" xmlns:p="urn:z" xmlns:q="urn:a" xmlns:unused="urn:u"'
SHAPES = {
    # The default namespace of the content is declared on the signature.
    "enveloping, prefixed": signature(
        "#o", prefix="ds", content=f'<ds:Object Id="o">{INNER}</ds:Object>'
    ).replace("<ds:Signature ", f"<ds:Signature {NAMESPACES} ", 1),
    "enveloping": signature(
        "#o", content=f'<Object Id="o"><letter {NAMESPACES}>{INNER}</letter></Object>'
    ),
    "enveloped": f'<!-- before --><letter {NAMESPACES} xml:lang="kk">{INNER}'
    f"{signature('', enveloped=True)}</letter><?after ?>",
    "enveloped, deep": f'<letter {NAMESPACES} xml:space="preserve"><a><p:b xmlns="urn:b">'
    '<c xmlns="">'
    f"{signature('', enveloped=True, prefix='s')}</c></p:b></a>{INNER}</letter>",
    "a part beside": f'<letter {NAMESPACES} xml:lang="kk"><a xmlns:q="urn:q">'
    f'<b Id="o">{INNER}</b></a>'
    f"{signature('#o')}</letter>",
    "a part around": f'<all {NAMESPACES} xml:lang="kk"><a xml:space="preserve"><b Id="o">{INNER}'
    f"{signature('#o', prefix='ds', enveloped=True)}</b></a></all>",
}
#: What is written otherwise but says the same, or says something else.
SAME = {
    "an attribute before another": ('q:b="2" a="1"', 'a="1" q:b="2"'),
    "a namespace declared again": ("<of/>", '<of xmlns="urn:letter"/>'),
    "a reference to a character": ("Қазақ", "&#x49a;азақ"),
}
OTHER = {
    "an element with children in another namespace": ("<to ", '<to xmlns="urn:other" '),
    "the lowest element in none": ("<of/>", '<of xmlns=""/>'),
    "an element put into the namespace above": ('<plain xmlns="" ', "<plain "),
    "a lower one in the namespace above": ("<deep>", '<deep xmlns="urn:letter">'),
    "another prefix": ("<p:copy><of/></p:copy>", "<q:copy><of/></q:copy>"),
}
CASES = [(form, "") for form in FORMS] + [
    (form, prefixes)
    for form in FORMS
    if form.startswith(EXCLUSIVE)
    for prefixes in PREFIX_LISTS[1:]
]


def signed(shape: str, form: str, prefixes: str) -> str:
    """Sign a document of a shape."""
    return sign(SHAPES[shape].replace("METHOD", method(form, prefixes)), pki.person())


def verify(document: str) -> tuple[Answer, list[str], Answer]:
    """Return whether the only signature is intact, and why not, and whether it is valid."""
    [status] = Verifier().verify(parse(document), at=datetime.now(UTC))
    return status.intact.answer, [str(each) for each in status.intact.reasons], status.valid.answer


def intact(shape: str) -> tuple[Answer, list[str], Answer]:
    """Return what `verify` should say of a true signature; comments are never signed here."""
    if shape.startswith("a part"):
        return Answer.UNKNOWN, [PART_ALONE, "of the document the signature covers: b"], Answer.YES
    return Answer.YES, ["comments are not signed"], Answer.YES


@pytest.mark.parametrize(("form", "prefixes"), CASES)
@pytest.mark.parametrize("shape", SHAPES)
def test_true_signatures_are_found_true_and_altered_ones_altered(
    shape: str, form: str, prefixes: str
) -> None:
    document = signed(shape, form, prefixes)
    assert verify(document) == intact(shape)
    for old, new in SAME.values():
        assert document.count(old) == 1
        assert verify(document.replace(old, new)) == intact(shape)
    for old, new in OTHER.values():
        assert document.count(old) == 1
        assert verify(document.replace(old, new)) == (Answer.NO, [OTHER_DIGEST], Answer.YES), new


def test_an_element_of_no_namespace_is_not_one_of_the_namespace_above() -> None:
    letter = '<contract><penalty xmlns="">100</penalty></contract>'
    content = f'<ds:Object Id="o">{letter}</ds:Object>'
    template = signature("#o", prefix="ds", content=content).replace(
        "<ds:Signature", '<ds:Signature xmlns="urn:letter"', 1
    )
    document = sign(template.replace("METHOD", method(C14N)), pki.person())
    assert verify(document) == (Answer.YES, [], Answer.YES)
    moved = document.replace('<penalty xmlns="">', "<penalty>")
    assert verify(moved) == (Answer.NO, [OTHER_DIGEST], Answer.YES)


@pytest.mark.live
@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="needs xmlsec1")
@pytest.mark.parametrize("shape", SHAPES)
def test_xmlsec_finds_the_same_true(shape: str, tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.der"
    certificate.write_bytes(pki.person().certificate)
    names = []
    for number, (form, prefixes) in enumerate(CASES):
        names.append(str(tmp_path / f"{number}.xml"))
        Path(names[-1]).write_text(signed(shape, form, prefixes), encoding="utf-8")
    command = ["xmlsec1", "--verify", "--pubkey-cert-der", str(certificate)]
    command += ["--id-attr:Id", "b", "--id-attr:Id", "Object"]
    done = subprocess.run([*command, *names], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("OK") == len(names)


@pytest.mark.parametrize("form", [C14N, C14N_11])
def test_what_java_would_sign_otherwise_is_true_or_unknown(form: str) -> None:
    letter = f'<Object xml:lang="ru"><letter {NAMESPACES} Id="o">{INNER}</letter></Object>'
    template = signature("#o", content=letter).replace("<Signature", '<Signature xml:lang="kk"', 1)
    document = sign(template.replace("METHOD", method(form)), pki.person())
    remarks = [
        "attributes in the signature are not signed: Signature/@lang",
        "comments are not signed",
    ]
    answer, found, value = verify(document)
    assert (answer, sorted(found), value) == (Answer.YES, remarks, Answer.YES)
    answer, found, value = verify(document.replace("<of/>", "<off/>"))
    disputed = "two different xml:lang apply"
    assert (answer, sorted(found), value) == (Answer.UNKNOWN, [remarks[0], disputed], Answer.YES)
