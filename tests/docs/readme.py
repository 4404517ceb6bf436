"""The README, taken apart: its sections, code blocks, code words and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.live.server import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
#: Where `make run` serves, and so what the README's lines address.
USUAL_ADDRESS = "http://127.0.0.1:8000"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A code block: its language, and what stands in it."""

    language: str
    text: str


def section(title: str) -> str:
    """Give what stands under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.M | re.S)
    assert found, f"README has no section {title!r}"
    return found[1]


def blocks(text: str = README, language: str | None = None) -> list[Block]:
    """Give the code blocks of a text in order, all or those of one language."""
    found = [Block(*match.groups()) for match in _BLOCK.finditer(text)]
    return [block for block in found if language in {None, block.language}]


def commands(text: str) -> list[str]:
    """Give the shell commands of a text's blocks, one for each line."""
    script = "".join(block.text for block in blocks(text, "sh"))
    return script.replace("\\\n", " ").splitlines()


def spans(text: str = README) -> list[str]:
    """Give what stands `in backticks`, each on one line."""
    prose = _BLOCK.sub("", text)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


def rows(title: str) -> list[list[str]]:
    """Give the cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    assert len(lines) > 2, f"section {title!r} has no table"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
