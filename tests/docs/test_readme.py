"""README is short, its pictures load nothing, and translations are up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from tests.docs.pages import DOCS, README, blocks, prose, read

LANGUAGES = ("ru", "kk")
PICTURE = DOCS / "picture.svg"
#: Pages whose commands and answers are the same in each language.
SAME_COMMANDS = ["README.md", "trust.md"]
#: In their commands and outputs the language is another.
OWN_COMMANDS = ["for-lawyers.md"]
SVG = "{http://www.w3.org/2000/svg}"


def english(name: str) -> str:
    return read(README if name == "README.md" else name)


@pytest.mark.parametrize("page", [README, *(DOCS / one / "README.md" for one in LANGUAGES)])
def test_readme_has_four_screens_at_most(page: Path) -> None:
    lines = read(page).splitlines()
    assert len(lines) <= 160
    assert [line for line in lines if len(line) > 100] == []


def shape(text: str) -> dict[str, object]:
    """Return what a translation has in common with its original."""
    tables = re.findall(r"(?:^\|.*\n)+", prose(text), re.MULTILINE)
    return {
        "headings": re.findall(r"^(#+) ", prose(text), re.MULTILINE),
        "tables": [[row.count("|") for row in table.splitlines()] for table in tables],
        "points": len(re.findall(r"^(?:-|\d\.) ", prose(text), re.MULTILINE)),
        "blocks": [block.language for block in blocks(text)],
        "figures": [re.sub(r"\D", "", cell) for table in tables for cell in table.split("|")],
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAME_COMMANDS + OWN_COMMANDS)
def test_a_translation_has_the_shape_of_its_original(name: str, language: str) -> None:
    ours, its = shape(read(f"{language}/{name}")), shape(english(name))
    for part, expected in its.items():
        assert ours[part] == expected, part


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SAME_COMMANDS)
def test_a_translation_has_the_same_commands_and_answers(name: str, language: str) -> None:
    assert blocks(read(f"{language}/{name}")) == blocks(english(name))


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_pages_that_are_compared_are_translated(language: str) -> None:
    names = sorted(page.name for page in (DOCS / language).glob("*.md"))
    assert names == sorted(SAME_COMMANDS + OWN_COMMANDS)


def test_the_picture_loads_nothing_and_can_be_read_aloud() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    assert set(re.findall(r"\w+://[^\"' )]+", text)) == {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"font-family=\"([^\"]+)\"", text)) == {"sans-serif"}
    tree = etree.fromstring(text.encode())
    tags = {str(element.tag).removeprefix(SVG) for element in tree.iter()}
    assert tags == {"svg", "title", "desc", "defs", "marker", "rect", "text", "line", "path"}
    for part in ("title", "desc"):
        assert (tree.findtext(SVG + part) or "").strip()
