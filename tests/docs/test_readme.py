"""What the README says is so."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from flask import Flask

from app.factory import create_app
from config.settings import EMBEDDED_DATABASE, Settings, SettingsError
from tests.docs.conftest import MakeServer
from tests.docs.readme import README, USUAL_ADDRESS, Block, blocks, rows, section, spans
from tests.docs.shell import attempt, run
from tests.live.server import PROJECT

WALK = "A walk through the contract"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
ISO_MILLISECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
MESSAGE = re.compile(r'"message": ("(?:[^"\\]|\\.)*")')


# --- the walk ---------------------------------------------------------------------------------


def matches(answer: object, expected: object) -> bool:
    """Compare JSON, keys in order; `…` ends a text that goes on, and all times are alike."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        return list(answer) == list(expected) and all(
            matches(answer[key], value) for key, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(answer, list):
        return len(answer) == len(expected) and all(map(matches, answer, expected))
    if isinstance(expected, str) and isinstance(answer, str):
        return text_matches(answer, expected)
    return type(answer) is type(expected) and answer == expected


def text_matches(answer: str, expected: str) -> bool:
    if expected.endswith("…"):
        return answer.startswith(expected[:-1]) and len(answer) >= len(expected)
    for form in (TIME, ISO_TIME, ISO_MILLISECONDS):
        if re.fullmatch(form, expected):
            return re.fullmatch(form, answer) is not None
    return answer == expected


def steps() -> Iterator[tuple[Block, Block | None]]:
    """Give each command of the walk with the answer that follows it, if one does."""
    walk = blocks(section(WALK))
    for block, following in zip(walk, [*walk[1:], None], strict=True):
        if block.language == "sh":
            yield block, following if following and following.language == "json" else None


def answer_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_walk_through_the_contract_answers_as_it_says(
    kind: str, make_server: MakeServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/walk.sqlite3"
    if kind == "postgresql":
        url = request.getfixturevalue("make_database")()
    server = make_server(url).start()
    folder = tmp_path / "walk"
    folder.mkdir()

    for command, expected in steps():
        output = run(command.text.replace(USUAL_ADDRESS, server.address), folder)
        if expected is not None and not matches(answer_of(output), json.loads(expected.text)):
            pytest.fail(
                f"{command.text}\nREADME says:\n{expected.text}\nthe server says:\n{output}",
                pytrace=False,
            )
    assert "Traceback" not in server.log


def test_the_walk_is_walked() -> None:
    walk = blocks(section(WALK))
    assert {block.language for block in walk} == {"sh", "json"}
    answers = [expected for _, expected in steps() if expected]
    assert len(answers) == sum(block.language == "json" for block in walk) > 9
    asked = [command.text for command, _ in steps() if "curl" in command.text]
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
        ([1, 2], [1], False),
        (True, 1, False),
        (None, "", False),
    ],
)
def test_an_answer_is_compared_strictly(answer: object, expected: object, alike: bool) -> None:
    assert matches(answer, expected) is alike


def known_sentences() -> set[str]:
    """Give all that the program can say, in any language, from its code and its catalogues."""
    said: set[str] = set()
    for source in (PROJECT / "app").rglob("*.py"):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        said.update(value for value in constants if isinstance(value, str))
    for catalogue in (PROJECT / "app").rglob("*.po"):
        with catalogue.open("rb") as file:
            said.update(str(message.string) for message in read_po(file))
    return said


def test_every_message_of_the_readme_is_one_that_the_program_has() -> None:
    texts = [block.text for block in blocks(language="json")]
    quoted = {json.loads(found) for text in texts for found in MESSAGE.findall(text)}
    assert len(quoted) > 3
    assert sorted(quoted - known_sentences()) == []


# --- the settings -----------------------------------------------------------------------------


class NotingEnvironment(Mapping[str, str]):
    """An environment that notes what it is asked for."""

    def __init__(self, **values: str) -> None:
        self.values_given = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_given)

    def __len__(self) -> int:
        return len(self.values_given)


def settings_table() -> list[tuple[list[str], str, str]]:
    """Give of each row the names of the variables, the defaults, and the meaning."""
    table = []
    for names, default, meaning in rows("Settings"):
        table.append((re.findall(r"`(\w+)`", names), default, meaning))
    return table


def stated_defaults() -> dict[str, str]:
    """Give the default of each variable for which the table states a plain value or none."""
    stated: dict[str, str] = {}
    for names, default, _ in settings_table():
        values = re.sub(r"\(.*?\)", "", default).split(", ")
        plain = [re.fullmatch(r"(?:`([\w./,* ]+)`|none)", value.strip()) for value in values]
        if all(plain):
            assert len(names) == len(plain), names
            stated |= {
                name: match[1] or "" for name, match in zip(names, plain, strict=True) if match
            }
    return stated


def test_the_settings_table_names_exactly_the_variables_that_are_read() -> None:
    usual = NotingEnvironment()
    of_the_original = NotingEnvironment(PG_HOST="database")
    Settings.from_env(usual)
    Settings.from_env(of_the_original)
    named = [name for names, _, _ in settings_table() for name in names]
    assert sorted(named) == sorted(usual.asked | of_the_original.asked)


def test_the_variables_of_the_original_are_not_read_beside_a_database_url() -> None:
    both = NotingEnvironment(DATABASE_URL="postgresql://somebody@server/base", PG_HOST="database")
    assert Settings.from_env(both).database_url.host == "server"
    assert {name for name in both.asked if name.startswith("PG_")} == {"PG_SCHEMA"}


def test_whoever_sets_the_stated_defaults_changes_nothing() -> None:
    stated = stated_defaults()
    named = {name for names, _, _ in settings_table() for name in names}
    assert named - set(stated) == {"DATABASE_URL", "PG_SCHEMA", "WEB_CONCURRENCY"}
    for fixed in ({}, {"PG_HOST": "database"}):
        assert Settings.from_env({**stated, **fixed}) == Settings.from_env(fixed)


def test_the_defaults_that_depend_on_the_machine_are_as_stated() -> None:
    defaults = {name: default for names, default, _ in settings_table() for name in names}
    file = re.fullmatch(r"the file `(.+)`", defaults["DATABASE_URL"])
    assert file
    settings = Settings.from_env({})
    assert settings.database_url.database == str(PROJECT / file[1]) == str(EMBEDDED_DATABASE)
    assert defaults["WEB_CONCURRENCY"] == "the number of processors, 2 to 8"
    assert settings.workers == min(max(len(os.sched_getaffinity(0)), 2), 8)


def stated_ranges() -> list[tuple[str, int, int]]:
    found = []
    for names, _, meaning in settings_table():
        limits = re.search(r"([\d,]+) to ([\d,]+)", meaning)
        if limits:
            low, high = (int(limit.replace(",", "")) for limit in limits.groups())
            found.append((names[0], low, high))
    assert len(found) > 2
    return found


@pytest.mark.parametrize(("name", "low", "high"), stated_ranges())
def test_the_stated_ranges_end_where_they_say(name: str, low: int, high: int) -> None:
    for inside in (low, high):
        Settings.from_env({name: str(inside)})
    for outside in (low - 1, high + 1):
        with pytest.raises(SettingsError, match=rf"\A{name}\b.*\Z"):
            Settings.from_env({name: str(outside)})


@pytest.mark.parametrize(
    "value",
    re.findall(r"`(\w+)`", {names[0]: row for names, _, row in settings_table()}["LOG_LEVEL"]),
)
def test_the_stated_log_levels_can_be_chosen(value: str) -> None:
    assert Settings.from_env({"LOG_LEVEL": value}).log_level == value


@pytest.mark.parametrize(
    "start", ["gunicorn --config config/gunicorn.py wsgi:app", "flask --app wsgi db upgrade"]
)
def test_a_wrong_value_stops_the_start_with_one_line_that_names_it(start: str) -> None:
    assert "stops it with one line\nthat names the variable" in section("Settings")
    done = attempt(f".venv/bin/{start}", WEB_THREADS="many")
    assert done.returncode != 0
    assert re.fullmatch(r"WEB_THREADS .*\n", done.stdout + done.stderr)


def test_an_empty_value_counts_as_none() -> None:
    names = [name for names, _, _ in settings_table() for name in names]
    assert Settings.from_env(dict.fromkeys(names, "")) == Settings.from_env({})


# --- words, files, addresses ------------------------------------------------------------------


def code_lines() -> list[str]:
    """Give every line of code in the README that is not an answer."""
    lines = [line for block in blocks(language="sh") for line in block.text.splitlines()]
    return lines + spans()


def make_words(lines: list[str]) -> set[str]:
    """Give the words that are passed to make where it is the command, not a package."""
    command = re.compile(r"(?:^|&&|;|^(?:\w+=\S+ )+)\s*make ([a-z]+)")
    return {word for line in lines for word in command.findall(line)}


def listed_words() -> list[str]:
    return re.findall(r"^make ([a-z]+) +\S", run("make"), re.MULTILINE)


def test_every_make_word_of_the_readme_is_listed_by_make() -> None:
    named = make_words(code_lines())
    assert {"run", "test"} <= named
    assert sorted(named - set(listed_words())) == []


def test_a_bare_make_lists_every_word_once() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    assert sorted(listed_words()) == sorted(phony[1].split())


#: Words with a stroke that name no file.
NO_FILES = {"perfumerlabs/ncanode", "text/html", "Asia/Almaty"}
#: What is there only after `make run`.
MADE_LATER = (".venv/", "var/")
FILE = re.compile(
    r"[\w.][\w.-]*(/[\w.-]*)+|[\w-]+\.(py|sql|json|md|yaml|toml|cfg|txt)|[A-Z]\w+file"
)


def named_files() -> set[str]:
    outside_the_walk = README.replace(section(WALK), "")
    lines = [line for block in blocks(outside_the_walk, "sh") for line in block.text.splitlines()]
    words = {word for line in lines + spans(outside_the_walk) for word in line.split()}
    linked = set(re.findall(r"\]\((?!https?:|#)([^)#]+)", README))
    return {word for word in words if FILE.fullmatch(word)} - NO_FILES | linked


def test_every_file_that_the_readme_names_is_there() -> None:
    named = {name for name in named_files() if not name.startswith(MADE_LATER)}
    assert {"Procfile", "bench/floor.py", "app/store", "docs/migrating-from-ncanode.md"} <= named
    assert sorted(name for name in named if not (PROJECT / name).exists()) == []


@pytest.fixture(name="program")
def unconnected_app() -> Flask:
    """The application, on a database that it is never asked for."""
    return create_app(Settings.from_env({"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}))


def test_every_flask_command_of_the_readme_exists(program: Flask) -> None:
    named = {
        match for line in code_lines() for match in re.findall(r"flask --app wsgi (\w+)", line)
    }
    assert named == {"check", "db", "move", "signers", "stats", "token", "trust", "verify"}
    assert named <= set(program.cli.commands)


def test_every_address_of_the_readme_exists(program: Flask) -> None:
    served = {
        f"{method} {rule.rule}"
        for rule in program.url_map.iter_rules()
        for method in rule.methods or ()
    }
    named = {line for line in spans() if re.fullmatch(r"(GET|POST|DELETE) /[\w/]+", line)}
    assert len(named) > 1
    assert sorted(named - served) == []
