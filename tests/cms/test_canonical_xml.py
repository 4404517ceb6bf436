"""Canonical forms that lxml alone would get wrong, and documents that cost too much."""

import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.xmldsig import canonical_budget
from app.cms.xmldsig.canonical_forms import C14N_11, FORMS, Form
from app.cms.xmldsig.canonicalization import Canonicaliser
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.verification import check_xml
from tests import pki
from tests.cpu import allowed
from tests.pki import xml_signer
from tests.pki.xml_signer import C14N, DS, ENVELOPED, EXCLUSIVE, RSA_SHA256, SHA256

# CPU time. The budget allows 3 s where GOST digests are in plain Python; the machine may be busy.
MAX_SECONDS = 8
MAX_MEGABYTES = 150
COSTLY = "the document costs too much to check"
GOST = xml_signer.NCA + "gostr34112015-512"
CERTIFICATE = b64encode(pki.person().certificate).decode()

CONTEXT = (
    '<?p?><a xmlns="urn:d" xmlns:p="urn:p" xml:lang="kk" p:q="1">'
    '<b xml:space="preserve"><!-- --><c xmlns="">1\r\n&#13;<p:d/></c></b></a>'
)


def canonicaliser(text: str) -> tuple[etree._Element, Canonicaliser]:
    """Parse a document in which nothing can be left out."""
    root = etree.fromstring(text)
    return root, Canonicaliser(root, text.encode(), {})


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            FORMS[C14N],
            b'<c xmlns:p="urn:p" xml:lang="kk" xml:space="preserve">1\n&#xD;<p:d></p:d></c>',
        ),
        (
            FORMS[C14N_11],
            b'<c xmlns:p="urn:p" xml:lang="kk" xml:space="preserve">1\n&#xD;<p:d></p:d></c>',
        ),
        (FORMS[EXCLUSIVE], b'<c>1\n&#xD;<p:d xmlns:p="urn:p"></p:d></c>'),
        (Form(exclusive=True, prefixes=("p",)), b'<c xmlns:p="urn:p">1\n&#xD;<p:d></p:d></c>'),
    ],
)
def test_an_element_is_canonicalised_in_its_place(form: Form, expected: bytes) -> None:
    root, canonical = canonicaliser(CONTEXT)
    before = etree.tostring(root)
    assert b"".join(canonical.octets(root[0][1], form)) == expected
    assert etree.tostring(root) == before


def test_the_root_is_not_the_document() -> None:
    root, canonical = canonicaliser("<?p?><!-- --><a/><?q?>")
    assert b"".join(canonical.octets(None, Form())) == b"<?p?>\n<a></a>\n<?q?>"
    assert (
        b"".join(canonical.octets(None, Form(comments=True))) == b"<?p?>\n<!-- -->\n<a></a>\n<?q?>"
    )
    assert b"".join(canonical.octets(root, Form(comments=True))) == b"<a></a>"


def test_a_part_is_longer_with_entities_than_a_text_may_be() -> None:
    text = '<a><b x="' + ">" * 4_000_000 + '"/></a>'
    root, canonical = canonicaliser(text)
    assert (
        b"".join(canonical.octets(root[0], FORMS[C14N]))
        == text.removeprefix("<a>").replace("/></a>", "></b>").encode()
    )


def reference(uri: str = "", transforms: str = "", method: str = SHA256) -> str:
    """Write a Reference whose digest is wrong."""
    return (
        f'<ds:Reference URI="{uri}"><ds:Transforms><ds:Transform Algorithm="{ENVELOPED}"/>'
        f'{transforms}</ds:Transforms><ds:DigestMethod Algorithm="{method}"/>'
        "<ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>"
    )


def exclusive(prefixes: str) -> str:
    """Write a Transform."""
    return (
        f'<ds:Transform Algorithm="{EXCLUSIVE}"><e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}"'
        f' PrefixList="{prefixes}"/></ds:Transform>'
    )


def signature(references: str, objects: str = "") -> str:
    """Write a ds:Signature that is complete, if no more."""
    return (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{RSA_SHA256}"/>'
        f"{references}</ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue><ds:KeyInfo>"
        f"<ds:X509Data><ds:X509Certificate>{CERTIFICATE}</ds:X509Certificate></ds:X509Data>"
        f"</ds:KeyInfo>{objects}</ds:Signature>"
    )


def nested_signatures(count: int) -> str:
    """Write signatures, each in an object of the next."""
    text = ""
    for _ in range(count):
        text = signature(reference(), f"<ds:Object>{text}</ds:Object>")
    return text


def attributes(prefix: str, count: int) -> str:
    """Write attributes."""
    return " ".join(f'{prefix}{number}="u:{number}"' for number in range(count))


def to_parts(signatures: int, references: int, parts: int, method: str = SHA256) -> str:
    """Write a document with many elements, and signatures that refer to each."""
    elements = "".join(f'<b Id="b{number}"/>' for number in range(parts))
    return elements + "".join(
        signature(
            "".join(
                reference(f"#b{(first * references + number) % parts}", method=method)
                for number in range(references)
            )
        )
        for first in range(signatures)
    )


BOMBS: dict[str, Callable[[], str]] = {
    "large": lambda: "<a>" + "x" * 9_900_000 + signature(reference()) * 256 + "</a>",
    "wide": lambda: "<a>" + "<b/>" * 45_000 + signature(reference()) * 256 + "</a>",
    "the root by its id": lambda: (
        "<?x?><a Id='a'>" + "<b/>" * 20_000 + signature(reference("#a") * 250) * 35 + "</a>"
    ),
    "deep": lambda: (
        "".join(f"<a Id='a{level}'>" for level in range(240))
        + "<b/>" * 10_000
        + signature("".join(reference(f"#a{level}") for level in range(240))) * 30
        + "</a>" * 240
    ),
    "namespaces": lambda: (
        f"<a {attributes('xmlns:p', 15_000)}>"
        + "<b/>" * 30_000
        + signature(reference()) * 10
        + "</a>"
    ),
    "some namespaces": lambda: (
        f"<a {attributes('xmlns:p', 64)}>" + "<b/>" * 40_000 + signature(reference()) * 100 + "</a>"
    ),
    "attributes": lambda: (
        f"<a {attributes('p', 50_000)}>" + signature(reference("#x")) * 9 + "</a>"
    ),
    "some attributes": lambda: (
        f"<a {attributes('xml:p', 10_000)}>" + signature(reference("#x") * 100) * 10 + "</a>"
    ),
    "namespaces alike": lambda: (
        f"<a {attributes('xmlns:' + 'p' * 900, 100)}>"
        + "<b/>" * 5_000
        + signature(reference()) * 3
        + "</a>"
    ),
    "attributes alike": lambda: (
        f"<a {attributes('p' * 900, 5_000)}>" + signature(reference()) * 3 + "</a>"
    ),
    "attributes in namespaces alike": lambda: (
        f"<a {attributes('xmlns:p', 1_000).replace('u:', 'urn:' + 'u' * 900)}>"
        + "".join(f"<b {attributes('p1:b', 4_000)} {attributes('p2:b', 4_000)}/>" for _ in range(3))
        + signature(reference("", exclusive(""))) * 3
        + "</a>"
    ),
    "prefixes": lambda: (
        f"<a {attributes('xmlns:p', 64)}>"
        + "<b/>" * 30_000
        + signature(
            "".join(
                reference("", exclusive(" ".join(f"p{number}" for number in range(count % 60))))
                for count in range(200)
            )
        )
        * 20
        + "</a>"
    ),
    "a long namespace": lambda: (
        f"<a xmlns:p='u:{'x' * 990}'>"
        + "<p:b/>" * 40_000
        + signature(reference("", exclusive(""))) * 50
        + "</a>"
    ),
    "large, by GOST": lambda: (
        "<a>" + "x" * 500_000 + signature(reference(method=GOST)) * 256 + "</a>"
    ),
    "in each other": lambda: "<a>" + "<b/>" * 30_000 + nested_signatures(100) + "</a>",
}
BEARABLE: dict[str, Callable[[], str]] = {
    "parts": lambda: "<a>" + to_parts(40, 200, 5000) + "</a>",
    "parts, by GOST": lambda: "<a>" + to_parts(40, 200, 5000, GOST) + "</a>",
    "references": lambda: "<a>" + "<b/>" * 1000 + signature(reference() * 200) * 25 + "</a>",
    "comments": lambda: "<a>" + "<!-- -->" * 45_000 + signature(reference()) * 256 + "</a>",
    "a large digest": lambda: (
        "<a>" + signature(reference().replace("AAAA", "AAAA" * 1_200_000)) * 3 + "</a>"
    ),
    "many prefixes": lambda: (
        "<a>" + "<b/>" * 40_000 + signature(reference("", exclusive("p " * 1_000_000))) * 5 + "</a>"
    ),
}


def parsed(text: str) -> SignedXml:
    """Parse a document, which is within the budget of parsing."""
    signed = parse(text)
    assert isinstance(signed, SignedXml)
    return signed


@pytest.mark.attacks
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("name", BOMBS | BEARABLE)
def test_a_bomb_is_checked_in_little_time(name: str) -> None:
    signed = parsed((BOMBS | BEARABLE)[name]())
    started = time.process_time()
    checked = check_xml(signed)
    assert time.process_time() - started < allowed(MAX_SECONDS)
    last = checked[-1].intact
    assert last.answer is not Answer.YES
    if name in BOMBS:
        assert str(last.reasons[0]) == COSTLY
        assert checked[-1].signed_digest == b""


# Run in a process of its own: only the operating system knows what libxml2 allocates.
MEASURE = """
import sys
from app.cms.xmldsig.verification import check_xml
from tests.memory import peak
from tests.cms.test_canonical_xml import BOMBS, parsed

signed = parsed(BOMBS[sys.argv[1]]())
before = peak()
check_xml(signed)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["large", "the root by its id", "a long namespace"])
def test_a_bomb_is_checked_in_little_memory(name: str) -> None:
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, name], cwd=root, capture_output=True, text=True, check=True
    )
    assert float(run.stdout) < MAX_MEGABYTES


def test_ten_signatures_over_ten_megabytes_are_within_budget() -> None:
    root = etree.fromstring("<a>" + "<b>" + "x" * 9_999_000 + "</b></a>")
    for _ in range(10):
        xml_signer.sign(root, pki.person())
    checked = check_xml(parsed(xml_signer.text(root)))
    assert [found.intact.answer for found in checked] == [Answer.YES] * 10


@pytest.mark.slow
def test_what_one_signature_spends_others_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    root = etree.fromstring("<a/>")
    for _ in range(3):
        xml_signer.sign(root, pki.person())
    signed = parsed(xml_signer.text(root))
    answers = []
    for budget in range(0, 240_000, 400):
        monkeypatch.setattr(canonical_budget, "BUDGET", budget)
        answers.append([found.intact.answer for found in check_xml(signed)].count(Answer.YES))
    assert answers == sorted(answers)
    assert set(answers) == {0, 1, 2, 3}


@pytest.mark.attacks
@pytest.mark.parametrize("added", [">" * 7_000_000, "<c x='" + '"' * 5_000_000 + "'/>"])
def test_what_escaping_lengthens_much_is_not_escaped(added: str) -> None:
    root = etree.fromstring("<a><b/></a>")
    xml_signer.sign(root, pki.person())
    written = xml_signer.text(root).replace("<b/>", f"<b>{added}</b>")
    (checked,) = check_xml(parsed(written))
    assert str(checked.intact.reasons[0]) == COSTLY
