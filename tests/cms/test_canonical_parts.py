"""Random documents and parts of them are canonicalised as two other implementations do it."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from lxml import etree

from app.cms.xmldsig.canonical_forms import FORMS, Form, Undecided
from app.cms.xmldsig.canonicalization import Canonicaliser
from tests.cms import canonical_reference

SEED = 20261128
DOCUMENTS = 1000
PARTS = 4
JUDGE = Path(__file__).with_name("CanonicalJudge.java")
#: The module and the package in which the JDK keeps what javax.xml.crypto stands on.
JAVA = "java.xml.crypto/com.sun.org.apache.xml.internal"
SHA_256 = "2.16.840.1.101.3.4.2.1"
NAMESPACES = ("urn:a", "urn:b", "urn:c")
PREFIXES = ("", "", "p", "q", "r")
TEXTS = ("", "t", " ", "a&amp;b", "&#13;\n", "&lt;&gt;", "<![CDATA[<x>&]]>", "қол\u00a0", "\t\r\n")
VALUES = ("", "1", "&quot;'", "&#9;&#10;&#13;", "a&amp;b&lt;>", "ә\n\t")
OUTSIDE = ("", "", "<?p x?>", "<!--e-->", "<?p?>\n<!-- e --> <?q y ?>")
#: Attributes in XML's namespace, and how often an element has them.
IN_XML = {
    "xml:lang": (("kk", "ru"), 0.1),
    "xml:space": (("preserve", "default"), 0.1),
    "xml:base": (("http://a/b/c", "../d", ""), 0.05),
    "xml:id": (("i",), 0.05),
}


@dataclass(frozen=True)
class Case:
    """A question: the canonical form of an element, by its number, or of the document (None).

    `leavable` are elements that may be left out, as signatures may; `left_out` are those that are.
    """

    document: str
    place: int | None
    uri: str
    form: Form
    leavable: frozenset[int]
    left_out: frozenset[int]


def random_document(chance: random.Random) -> str:
    """Make a document in which namespaces are inherited, redeclared and undeclared in depth.

    The root isn't empty: Java would forget what stands after it.
    """
    return chance.choice(OUTSIDE) + _element(chance, {}, 0) + chance.choice(OUTSIDE)


def _element(chance: random.Random, above: dict[str, str], depth: int) -> str:
    declared: dict[str, str] = {}
    for _ in range(chance.choice((0, 0, 1, 2)) if depth else 3):
        prefix = chance.choice(PREFIXES)
        name = chance.choice(NAMESPACES)
        declared[prefix] = "" if not prefix and chance.random() < 0.25 else name
    scope = {**above, **declared}
    prefixes = [prefix for prefix in scope if prefix]
    prefix = chance.choice(["", "", *prefixes])
    name = f"{prefix}:e{depth}" if prefix else f"e{depth}"
    attributes = {f"xmlns:{key}" if key else "xmlns": value for key, value in declared.items()}
    attributes |= _random_attributes(chance, scope, prefixes)
    listed = list(attributes.items())
    chance.shuffle(listed)
    head = "".join(f' {key}="{value}"' for key, value in listed)
    children = range(chance.choice((1, 2, 3)) if depth < 5 else 0)
    inner = "".join(
        chance.choice(TEXTS)
        + chance.choice(("", "", "<!-- c -->", "<?i d?>"))
        + _element(chance, scope, depth + 1)
        for _ in children
        if chance.random() < 0.8
    )
    last = chance.choice(TEXTS) if depth else "end"
    return f"<{name}{head}>{inner}{last}</{name}>"


def _random_attributes(
    chance: random.Random, scope: dict[str, str], prefixes: list[str]
) -> dict[str, str]:
    attributes = {}
    seen = set()
    for local in "yxz"[: chance.choice((0, 1, 3))]:
        owner = chance.choice(["", *prefixes])
        if (scope.get(owner) if owner else "", local) not in seen:
            seen.add((scope.get(owner) if owner else "", local))
            attributes[f"{owner}:{local}" if owner else local] = chance.choice(VALUES)
    for key, (values, share) in IN_XML.items():
        if chance.random() < share:
            attributes[key] = chance.choice(values)
    if "xml:id" in attributes:  # No document has the same one twice.
        attributes["xml:id"] += str(chance.getrandbits(64))
    return attributes


def cases() -> Iterator[Case]:
    """Make documents, and of each some questions."""
    chance = random.Random(SEED)
    for _ in range(DOCUMENTS):
        document = random_document(chance)
        size = len(canonical_reference.parse(document.encode()).elements())
        for _ in range(PARTS):
            uri = chance.choice(sorted(FORMS))
            form = FORMS[uri]
            if form.exclusive and chance.random() < 0.5:
                form = replace(form, prefixes=tuple(chance.sample(("p", "q", "r", "#default"), 2)))
            place = None if chance.random() < 0.1 else chance.randrange(size)
            leavable = frozenset(chance.sample(range(1, size), min(3, size - 1)))
            left_out = frozenset(number for number in leavable - {place} if chance.random() < 0.2)
            yield Case(document, place, uri, form, leavable, left_out)


def ours(case: Case) -> tuple[bytes | None, bool]:
    """Return the digest, or None if it is undecided, and whether libraries dispute the octets."""
    root = etree.fromstring(case.document.encode())
    elements = list(root.iter("*"))
    leavable = {number: elements[number] for number in sorted(case.leavable)}
    canonicaliser = Canonicaliser(root, case.document.encode(), leavable)
    apex = None if case.place is None else elements[case.place]
    disputed = canonicaliser.disputed(apex, case.form) is not None
    try:
        return canonicaliser.digest(SHA_256, apex, case.form, case.left_out), disputed
    except Undecided as undecided:
        [reason] = undecided.verdict.reasons
        assert str(reason) == "xml:base is not supported in Canonical XML 1.1"
        return None, disputed


@pytest.mark.slow
def test_random_documents_are_as_a_reference_in_plain_python_has_them() -> None:
    compared = deep = 0
    for case in cases():
        digest, _ = ours(case)
        if digest is None:
            continue
        document = canonical_reference.parse(case.document.encode())
        elements = document.elements()
        apex = document if case.place is None else elements[case.place]
        left_out = {elements[number] for number in case.left_out}
        expected = canonical_reference.canonicalise(apex, case.form, left_out)
        assert digest == hashlib.sha256(expected).digest(), (case, expected)
        compared += 1
        deep += apex.parent is not None and apex.parent.parent is not None
    assert compared > 0.98 * PARTS * DOCUMENTS
    assert deep > compared / 2


@pytest.mark.live
@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK (default-jdk-headless)")
def test_random_documents_are_as_java_has_them(tmp_path: Path) -> None:
    asked, expected = [], []
    for case in cases():
        digest, disputed = ours(replace(case, left_out=frozenset()))
        if digest is None or disputed:
            continue
        place = "" if case.place is None else str(case.place)
        question = (case.document.encode().hex(), place, case.uri, " ".join(case.form.prefixes))
        asked.append("\t".join(question))
        expected.append(digest.hex())
    assert len(asked) > 0.8 * PARTS * DOCUMENTS
    questions = tmp_path / "questions"
    questions.write_text("\n".join(asked))
    packages = ("security", "security.c14n")
    exports = [f"--add-exports={JAVA}.{package}=ALL-UNNAMED" for package in packages]
    command = ["java", *exports, str(JUDGE), str(questions)]
    answers = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found = answers.stdout.splitlines()
    assert len(found) == len(expected)
    wrong = [
        question
        for question, one, other in zip(asked, expected, found, strict=True)
        if one != other
    ]
    assert wrong == []
