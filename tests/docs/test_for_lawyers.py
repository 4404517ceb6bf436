"""What the pages for lawyers and for operators quote of `flask verify` is what it prints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.wording.catalogues import translate
from tests.docs.pages import Block, blocks, read, rows, section, spans
from tests.docs.shell import attempt, run
from tests.docs.test_walks import TIME, known_sentences
from tests.live.server import PROJECT

pytestmark = pytest.mark.slow

PAGES = {"en": "for-lawyers.md", "ru": "ru/for-lawyers.md", "kk": "kk/for-lawyers.md"}
MAKE_SIGNATURE = blocks(section(read("tutorial.md"), "Make a signature"), "sh")
#: The examples in their order, and what the command's exit status says of each.
STATUSES = {"unknown": 2, "no": 1, "yes": 0}


@pytest.fixture(name="folder")
def folder_with_a_signature(tmp_path: Path) -> Path:
    """A folder with the files that the tutorial makes."""
    folder = tmp_path / "files"
    folder.mkdir()
    for block in MAKE_SIGNATURE:
        run(block.text, folder)
    return folder


@pytest.fixture(name="settings")
def settings_of_a_fresh_store(tmp_path: Path) -> dict[str, str]:
    """The environment of a store that keeps nothing and trusts nothing yet."""
    settings = {
        "PYTHONPATH": str(PROJECT),
        "DATABASE_URL": f"sqlite:///{tmp_path}/store.sqlite3",
        "TRUST_DIR": str(tmp_path / "trust"),
        "REVOCATION_CACHE": str(tmp_path / "revocation"),
    }
    run(".venv/bin/flask --app wsgi db upgrade", PROJECT, **settings)
    return settings


def pattern(shown: str) -> re.Pattern[str]:
    """Return what a quoted output stands for: `…` is a part of a line, alone it is any lines."""
    lines = []
    for line in shown.splitlines(keepends=True):
        around_times = [re.escape(part).replace("…", ".+") for part in re.split(TIME, line)]
        lines.append(r"(?:.*\n)*" if line == "…\n" else TIME.join(around_times))
    return re.compile("".join(lines))


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("a: … b\n", "a: x b\n", True),
        ("a: …\n", "a: x\ny\n", False),
        ("a\n…\nb\n", "a\nx\ny\nb\n", True),
        ("a\n…\n", "b\nx\n", False),
        ("…\nb\n", "ab\n", False),
        ("at 2026-11-28 11:04:50 UTC\n", "at 2027-01-01 00:00:00 UTC\n", True),
        ("at 2026-11-28 11:04:50 UTC\n", "at noon UTC\n", False),
    ],
)
def test_a_quotation_is_compared_strictly(shown: str, printed: str, fits: bool) -> None:
    assert (pattern(shown).fullmatch(printed) is not None) is fits


def examples(page: str) -> list[tuple[Block, Block]]:
    """Return each command of a page with the output that follows it."""
    found = blocks(read(page))
    assert [block.language for block in found] == ["sh", "text"] * 3
    return list(zip(found[::2], found[1::2], strict=True))


@pytest.mark.parametrize("language", PAGES)
def test_each_example_prints_what_the_page_says(
    language: str, folder: Path, settings: Mapping[str, str]
) -> None:
    printed = dict(zip(STATUSES, examples(PAGES[language]), strict=True))
    for answer, (command, shown) in printed.items():
        done = attempt(command.text, folder, **settings)
        assert done.returncode == STATUSES[answer], done.stdout + done.stderr
        assert pattern(shown.text).fullmatch(done.stdout), f"{shown.text}\n{done.stdout}"
        assert f": {translate(answer, language)}\n" in shown.text


def reported(language: str) -> list[str]:
    """Return all sentences in a language, with `…` where values are filled in."""
    translated = (translate(sentence, language) for sentence in known_sentences())
    sentences = (sentence.replace("{number}", "1") for sentence in translated)
    return [re.sub(r"\{\w+\}", "…", sentence) for sentence in sentences]


@pytest.mark.parametrize("language", PAGES)
def test_each_quotation_is_what_the_program_says(language: str) -> None:
    text = read(PAGES[language])
    reasons = section(text, re.findall(r"^## (.+)", text, re.MULTILINE)[2])
    quoted = [row[0] for row in rows(reasons)]
    quoted += [span for span in spans(text) if span != "…" and not span.startswith("flask ")]
    assert len(quoted) > 14
    sentences = reported(language)
    assert [one for one in quoted if not any(one in sentence for sentence in sentences)] == []


def test_the_commands_of_trust_md_run(folder: Path, settings: Mapping[str, str]) -> None:
    ask, add, _, _ = blocks(read("trust.md"), "sh")
    for line in [*ask.text.splitlines(), add.text]:
        done = attempt(line, folder, **settings)
        assert done.returncode in STATUSES.values(), line
        assert "Usage" not in done.stderr, line
        assert "Traceback" not in done.stderr, line


def test_the_commands_of_security_md_run(settings: Mapping[str, str]) -> None:
    [tokens] = blocks(read("security.md"), "sh")
    assert tokens.text.count("\n") == 6
    run(tokens.text, PROJECT, **settings)
