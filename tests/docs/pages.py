"""The README and the pages under docs, taken apart: sections, code blocks, code words, tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.live.server import PROJECT

README = PROJECT / "README.md"
DOCS = PROJECT / "docs"
#: Where `make run` serves, and so what the lines of all pages address.
USUAL_ADDRESS = "http://127.0.0.1:8000"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A code block: its language, and what stands in it."""

    language: str
    text: str


def read(page: Path | str) -> str:
    """Return the text of a page, which may be named by its path under docs."""
    return (DOCS / page).read_text(encoding="utf-8")


def all_pages() -> list[Path]:
    """Return the README and all pages under docs."""
    return [README, *sorted(DOCS.rglob("*.md"))]


def current_pages() -> list[Path]:
    """Return the pages that say what is so now: an ADR says what was so when it was decided."""
    return [page for page in all_pages() if page.parent.name != "adr"]


def name_of(page: Path) -> str:
    """Return the path of a page inside the project."""
    return str(page.relative_to(PROJECT))


def section(text: str, title: str) -> str:
    """Return what stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert found, f"there is no section {title!r}"
    return found[1]


def blocks(text: str, language: str | None = None) -> list[Block]:
    """Return the code blocks of a text in order, all or those of one language."""
    found = [Block(*match.groups()) for match in _BLOCK.finditer(text)]
    return [block for block in found if language in {None, block.language}]


def commands(text: str) -> list[str]:
    """Return the shell commands of a text's blocks, one for each line."""
    script = "".join(block.text for block in blocks(text, "sh"))
    return script.replace("\\\n", " ").splitlines()


def prose(text: str) -> str:
    """Return a text without its code blocks."""
    return _BLOCK.sub("", text)


def spans(text: str) -> list[str]:
    """Return what stands `in backticks`, each on one line."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(text))]


def rows(text: str) -> list[list[str]]:
    """Return the cells of all tables of a text, without their heads."""
    tables = re.findall(r"(?:^\|.*\n)+", prose(text), re.MULTILINE)
    assert tables, "there is no table"
    lines = [line for table in tables for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
