"""Parts of random documents are canonicalised as two other implementations do it."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from app.cms.canonical_xml import FORMS, Canonicaliser, Form
from tests.cms import canonical_reference

SEED = 20261128
DOCUMENTS = 400
JUDGE = Path(__file__).with_name("CanonicalJudge.java")
#: The module and the package in which the JDK keeps what javax.xml.crypto stands on.
JAVA = "java.xml.crypto/com.sun.org.apache.xml.internal"
NAMESPACES = ("urn:a", "urn:b", "urn:c")
PREFIXES = ("", "", "p", "q", "r")
TEXTS = ("", "t", " ", "a&amp;b", "&#13;\n", "&lt;&gt;", "<![CDATA[<x>&]]>", "қол\u00a0", "\t")
VALUES = ("", "1", "&quot;'", "&#9;&#10;&#13;", "a&amp;b&lt;", "ә")


def random_document(chance: random.Random) -> str:
    """Make a document in which namespaces are inherited, redeclared and undeclared in depth."""
    before, after = chance.choice(("", "<?p x?>")), chance.choice(("", "<!--e-->"))
    return before + _element(chance, {}, 0) + after


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
    seen = set()
    for local in "yxz"[: chance.choice((0, 1, 3))]:
        owner = chance.choice(["", *prefixes])
        if (scope.get(owner) if owner else "", local) not in seen:
            seen.add((scope.get(owner) if owner else "", local))
            attributes[f"{owner}:{local}" if owner else local] = chance.choice(VALUES)
    if chance.random() < 0.15 and depth < 2:
        attributes["xml:lang"] = "kk"
    if chance.random() < 0.1:
        attributes["xml:space"] = "preserve"
    head = "".join(f' {key}="{value}"' for key, value in attributes.items())
    children = range(chance.choice((1, 2, 3)) if depth < 5 else 0)
    inner = "".join(
        chance.choice(TEXTS)
        + chance.choice(("", "", "<!-- c -->", "<?i d?>"))
        + _element(chance, scope, depth + 1)
        for _ in children
        if chance.random() < 0.8
    )
    return f"<{name}{head}>{inner}{chance.choice(TEXTS)}</{name}>"


def cases() -> Iterator[tuple[str, int, str, Form]]:
    """Make documents, with the number of an element in each and a form."""
    chance = random.Random(SEED)
    forms = sorted(FORMS)
    for number in range(DOCUMENTS):
        document = random_document(chance)
        size = document.count("<e") + document.count(":e")
        for _ in range(4):
            uri = forms[number % len(forms)]
            form = FORMS[uri]
            if form.exclusive and chance.random() < 0.5:
                prefixes = tuple(chance.sample(("p", "q", "r"), 2))
                form = Form(exclusive=True, comments=form.comments, prefixes=prefixes)
            yield document, chance.randrange(max(size // 2, 1)), uri, form


def ours(document: str, place: int, form: Form) -> tuple[int, bytes]:
    root = etree.fromstring(document.encode())
    elements = list(root.iter("*"))
    place %= len(elements)
    canonicaliser = Canonicaliser(root, document.encode(), {})
    return place, canonicaliser.octets(elements[place], form)


def test_parts_of_random_documents_are_as_a_reference_in_plain_python_has_them() -> None:
    compared = deep = 0
    for document, number, _, form in cases():
        place, octets = ours(document, number, form)
        apex = canonical_reference.parse(document.encode()).elements()[place]
        assert octets == canonical_reference.canonicalise(apex, form), (document, place, form)
        compared += 1
        deep += apex.parent is not None
    assert compared == 4 * DOCUMENTS
    assert deep > DOCUMENTS


@pytest.mark.skipif(shutil.which("java") is None, reason="needs a JDK (default-jdk-headless)")
def test_parts_of_random_documents_are_as_java_has_them(tmp_path: Path) -> None:
    asked, expected = [], []
    for document, number, uri, form in cases():
        place, octets = ours(document, number, form)
        asked.append("\t".join([document.encode().hex(), str(place), uri, " ".join(form.prefixes)]))
        expected.append(octets)
    questions = tmp_path / "questions"
    questions.write_text("\n".join(asked))
    packages = ("security", "security.c14n")
    exports = [f"--add-exports={JAVA}.{package}=ALL-UNNAMED" for package in packages]
    command = ["java", *exports, str(JUDGE), str(questions)]
    answers = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    found = [bytes.fromhex(line) for line in answers.stdout.splitlines()]
    assert len(found) == len(expected)
    wrong = [
        json.dumps([question, one.decode(), other.decode()])
        for question, one, other in zip(asked, expected, found, strict=True)
        if one != other
    ]
    assert wrong == []
