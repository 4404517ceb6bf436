"""What the pages name is there: make's words, commands, files, addresses, pages and their parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app.factory import create_app
from config.settings import Settings
from tests.docs.pages import (
    README,
    all_pages,
    blocks,
    current_pages,
    name_of,
    prose,
    read,
    spans,
)
from tests.docs.shell import run
from tests.live.server import PROJECT

# --- words and commands -----------------------------------------------------------------------


def code_lines() -> list[str]:
    """Return every line of code that is not an answer."""
    texts = [read(page) for page in current_pages()]
    lines = [
        line for text in texts for block in blocks(text, "sh") for line in block.text.split("\n")
    ]
    return lines + [span for text in texts for span in spans(text)]


def make_words(lines: list[str]) -> set[str]:
    """Return the words that are passed to make where it is the command, not a package."""
    command = re.compile(r"(?:^|&&|;|^(?:\w+=\S+ )+)\s*make ([a-z]+)")
    return {word for line in lines for word in command.findall(line)}


def listed_words() -> list[str]:
    return re.findall(r"^make ([a-z]+) +\S", run("make"), re.MULTILINE)


def test_every_make_word_that_is_named_is_listed_by_make() -> None:
    named = make_words(code_lines())
    assert {"run", "test", "sure", "bench"} <= named
    assert sorted(named - set(listed_words())) == []


def test_a_bare_make_lists_every_word_once() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    assert sorted(listed_words()) == sorted(phony[1].split())


@pytest.fixture(name="program")
def unconnected_app() -> Flask:
    """The application, on a database that it is never asked for."""
    return create_app(Settings.from_env({"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}))


def test_every_flask_command_that_is_named_exists(program: Flask) -> None:
    named = {
        match for line in code_lines() for match in re.findall(r"flask --app wsgi (\w+)", line)
    }
    assert named >= {"check", "db", "move", "signers", "stats", "token", "trust", "verify"}
    assert named <= set(program.cli.commands)


def test_every_address_that_is_named_exists(program: Flask) -> None:
    served = {
        f"{method} {rule.rule}"
        for rule in program.url_map.iter_rules()
        for method in rule.methods or ()
    }
    named = {line for line in code_lines() if re.fullmatch(r"(GET|POST|DELETE) /[\w/]+", line)}
    assert len(named) > 9
    assert sorted(named - served) == []


# --- files ------------------------------------------------------------------------------------

#: Words with a stroke that name no file of the project.
NO_FILES = {
    "perfumerlabs/ncanode",
    "application/pkix-cert",
    "text/html",
    "text/plain",
    "application/octet-stream",
    "Asia/Almaty",
    "components/schemas",
    "TRUST_DIR/intermediates",
    "application/pkcs7-mime",
    "application/pkcs7-signature",
    "application/x-ndjson",
    "application/xml",
    "multipart/form-data",
    "7/2",
    "600/minute",
}
#: What is there only after `make run`, or on another machine.
ELSEWHERE = (".venv/", "var/")
FILE = re.compile(r"[\w.][\w.-]*(/[\w.-]*)+|[\w-]+\.(py|sql|md|yaml|toml|cfg)|[A-Z]\w+file")


def named_files(page: Path) -> set[str]:
    """Return the words of a page, and of its commands that are no walk, that name a file."""
    words = {word for span in spans(read(page)) for word in span.split()}
    return {
        word
        for word in words
        if FILE.fullmatch(word) and word not in NO_FILES and not word.startswith(ELSEWHERE)
    }


def test_every_file_that_is_named_is_there() -> None:
    named = {(page, name) for page in current_pages() for name in named_files(page)}
    assert {"Procfile", "bench/floor.py", "app/store"} <= {name for _, name in named}
    missing = [
        f"{name_of(page)}: {name}"
        for page, name in named
        if not (PROJECT / name).exists() and not (page.parent / name).exists()
    ]
    assert sorted(missing) == []


# --- links ------------------------------------------------------------------------------------

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


def links(page: Path) -> list[str]:
    """Return where the links and pictures of a page lead."""
    found = LINK.findall(prose(read(page)))
    return [markdown or html for markdown, html in found]


def anchor(heading: str) -> str:
    """Return the anchor that hosts of repositories give to a heading."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page; of equal headings the later ones get a number."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose(read(page)), re.MULTILINE):
        plain, number = anchor(heading), 0
        while (name := f"{plain}-{number}" if number else plain) in found:
            number += 1
        found.add(name)
    return found


def broken(page: Path, link: str) -> bool:
    """Return whether a link inside the project leads nowhere."""
    name, _, part = link.partition("#")
    target = page.parent / name if name else page
    if not target.resolve().is_relative_to(PROJECT) or not target.exists():
        return True
    return bool(part) and part not in anchors(target)


@pytest.mark.parametrize("page", all_pages(), ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    inside = [link for link in links(page) if not re.match(r"https?://", link)]
    assert [link for link in inside if broken(page, link)] == []


def test_links_are_found_and_judged() -> None:
    text = '[a](b.md#c-d) ![e](f.svg) <img src="g.svg"> `[no](link)`'
    assert ["".join(pair) for pair in LINK.findall(text)][:3] == ["b.md#c-d", "f.svg", "g.svg"]
    assert anchor("What is *known*, of `x`?") == "what-is-known-of-x"
    assert anchor("Слова: версия") == "слова-версия"
    assert broken(README, "docs/nothing.md")
    assert broken(README, "docs/trust.md#nothing")
    assert broken(README, "../outside")
    assert not broken(README, "docs/trust.md#timestamps")


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [README]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
            waiting += [target for target in targets if target.suffix == ".md"]
            waiting += [
                found for folder in targets if folder.is_dir() for found in folder.glob("*.md")
            ]
    assert [name_of(page) for page in all_pages() if page not in reached] == []
