"""The lines of the tutorial, and the README's, are run as they stand: they answer as is said."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from tests.docs.conftest import MakeServer
from tests.docs.pages import README, USUAL_ADDRESS, Block, all_pages, blocks, read, section
from tests.docs.shell import run
from tests.live.server import PROJECT

pytestmark = pytest.mark.slow

STEPS = ("Save", "Find", "Verify", "Delete")
WALKS = {
    "README": [block for title in STEPS for block in blocks(section(read(README), title))],
    # The last section needs services: test_evidence.py.
    "tutorial": blocks(read("tutorial.md").partition("\n## From B to LT\n")[0]),
}
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
ISO_MILLISECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LEFT_OUT = "…"
MESSAGE = re.compile(r'"message": ("(?:[^"\\]|\\.)*")')


#: How often a CMS has it: in the certificate, and in SignerInfo.
SERIAL_NUMBERS = 2


def matches(answer: object, expected: object) -> bool:
    """Compare JSON, keys in order; `…` ends a text that goes on, and all times are alike.

    A member `"…"` stands for members that are left out, wherever they are.
    """
    if isinstance(expected, dict) and isinstance(answer, dict):
        reported = {key: value for key, value in expected.items() if key != LEFT_OUT}
        kept = [key for key in answer if key in reported or LEFT_OUT not in expected]
        return kept == list(reported) and all(
            is_size(answer[key], value) if key == "size" else matches(answer[key], value)
            for key, value in reported.items()
        )
    if isinstance(expected, list) and isinstance(answer, list):
        return len(answer) == len(expected) and all(map(matches, answer, expected))
    if isinstance(expected, str) and isinstance(answer, str):
        return text_matches(answer, expected)
    return type(answer) is type(expected) and answer == expected


def is_size(answer: object, expected: object) -> bool:
    """Compare sizes of signatures, whose random serial numbers may be a byte shorter."""
    if type(answer) is type(expected) is int:
        return abs(answer - expected) <= 2 * SERIAL_NUMBERS
    return answer == expected


def text_matches(answer: str, expected: str) -> bool:
    if expected.endswith("…"):
        return answer.startswith(expected[:-1]) and len(answer) >= len(expected)
    for form in (TIME, ISO_TIME, ISO_MILLISECONDS):
        if re.fullmatch(form, expected):
            return re.fullmatch(form, answer) is not None
    return answer == expected


def steps(walk: list[Block]) -> Iterator[tuple[Block, Block | None]]:
    """Return each command of a walk with the answer that follows it, if one does."""
    for block, following in zip(walk, [*walk[1:], None], strict=True):
        if block.language == "sh":
            yield block, following if following and following.language == "json" else None


def answer_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("name", WALKS)
def test_a_walk_answers_as_it_says(
    name: str, kind: str, make_server: MakeServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/walk.sqlite3"
    if kind == "postgresql":
        url = request.getfixturevalue("make_database")()
    server = make_server(url).start()
    folder = tmp_path / "walk"
    folder.mkdir()

    for command, expected in steps(WALKS[name]):
        output = run(command.text.replace(USUAL_ADDRESS, server.address), folder)
        if expected is not None and not matches(answer_of(output), json.loads(expected.text)):
            pytest.fail(
                f"{command.text}\nthe page says:\n{expected.text}\nthe server says:\n{output}",
                pytrace=False,
            )
    assert "Traceback" not in server.log


@pytest.mark.parametrize(("name", "least"), [("README", 4), ("tutorial", 10)])
def test_a_walk_is_walked(name: str, least: int) -> None:
    walk = WALKS[name]
    assert {block.language for block in walk} == {"sh", "json"}
    answers = [expected for _, expected in steps(walk) if expected]
    assert len(answers) == sum(block.language == "json" for block in walk) >= least
    asked = [command.text for command, _ in steps(walk) if "curl" in command.text]
    assert len(asked) == len(answers)
    assert all(USUAL_ADDRESS in text for text in asked)


@pytest.mark.parametrize(
    ("answer", "expected", "alike"),
    [
        ("MIIx", "MII…", True),
        ("MII", "MII…", False),
        ("7a17e4e7", "…", True),
        ("", "…", False),
        ("2020-01-01 00:00:00", "2026-11-23 10:00:01", True),
        ("2020-01-01T00:00:00.123Z", "2026-11-23T10:00:01.000Z", True),
        ("2020-01-01T00:00:00Z", "2026-11-23T10:00:01.000Z", False),
        ("2020-01-01T00:00:00", "2026-11-23 10:00:01", False),
        ("2020-01-01T00:00:00Z", "2026-11-23T10:00:01Z", True),
        ("2020-01-01 00:00:00", "2026-11-23T10:00:01Z", False),
        ({"a": [1, None]}, {"a": [1, None]}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3}, False),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 3, "…": "…"}, True),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 4, "…": "…"}, False),
        ({"a": 1, "b": 2, "c": 3}, {"c": 3, "a": 1, "…": "…"}, False),
        ({"a": 1, "b": 2, "c": 3}, {"a": 1, "d": 3, "…": "…"}, False),
        ([1, 2], [1], False),
        ({"size": 1497}, {"size": 1499}, True),
        ({"size": 1494}, {"size": 1499}, False),
        ({"size": None}, {"size": 1499}, False),
        ({"number": 1497}, {"number": 1499}, False),
        (True, 1, False),
        (None, "", False),
    ],
)
def test_an_answer_is_compared_strictly(answer: object, expected: object, alike: bool) -> None:
    assert matches(answer, expected) is alike


def known_sentences() -> set[str]:
    """Return all that the program can say, in any language, from its code and its catalogues."""
    said: set[str] = set()
    for source in (PROJECT / "app").rglob("*.py"):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        said.update(value for value in constants if isinstance(value, str))
    for catalogue in (PROJECT / "app").rglob("*.po"):
        with catalogue.open("rb") as file:
            said.update(str(message.string) for message in read_po(file))
    return said


def test_every_message_that_is_quoted_is_one_that_the_program_has() -> None:
    texts = [block.text for page in all_pages() for block in blocks(read(page), "json")]
    quoted = {json.loads(found) for text in texts for found in MESSAGE.findall(text)}
    assert len(quoted) > 3
    assert sorted(quoted - known_sentences()) == []
