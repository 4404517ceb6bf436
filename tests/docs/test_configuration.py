"""The table of settings is that of the program, row by row."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping

import pytest

from config.databases import find_embedded
from config.settings import EMBEDDED_DATABASE, Settings, SettingsError
from tests.docs.pages import read, rows
from tests.docs.shell import attempt
from tests.live.server import PROJECT

PAGE = read("configuration.md")


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
    """Return of each row the names of the variables, the defaults, and the meaning."""
    table = []
    for names, default, meaning in rows(PAGE):
        table.append((re.findall(r"`(\w+)`", names), default, meaning))
    return table


def stated_defaults() -> dict[str, str]:
    """Return the default of each variable for which the table states a plain value or none."""
    stated: dict[str, str] = {}
    for names, default, _ in settings_table():
        values = re.sub(r"\(.*?\)", "", default).split(", ")
        plain = [re.fullmatch(r"(?:`([\w./,:* ]+)`|none)", value.strip()) for value in values]
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
    with_either_way = {"PG_SCHEMA", "PG_REAL_HOST", "PG_SLAVES", "PG_WAIT"}
    assert {name for name in both.asked if name.startswith("PG_")} == with_either_way


def test_setting_the_stated_defaults_changes_nothing() -> None:
    stated = stated_defaults()
    named = {name for names, _, _ in settings_table() for name in names}
    of_others = {"DATABASE_URL", "PG_SCHEMA", "WEB_CONCURRENCY", "EVIDENCE_WORKER"}
    assert named - set(stated) == of_others
    for fixed in ({}, {"PG_HOST": "database"}):
        assert Settings.from_env({**stated, **fixed}) == Settings.from_env(fixed)


def test_the_defaults_that_depend_on_the_machine_are_as_stated() -> None:
    defaults = {name: default for names, default, _ in settings_table() for name in names}
    file = re.fullmatch(r"the file `(.+)`", defaults["DATABASE_URL"])
    assert file
    settings = Settings.from_env({})
    assert PROJECT / file[1] == EMBEDDED_DATABASE
    assert settings.database_url.database == str(find_embedded(EMBEDDED_DATABASE))
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", ["gunicorn --config config/gunicorn.py wsgi:app", "flask --app wsgi db upgrade"]
)
def test_a_wrong_value_stops_the_start_with_one_line_that_names_it(start: str) -> None:
    assert "stops the start with one line that names the variable" in " ".join(PAGE.split())
    done = attempt(f".venv/bin/{start}", WEB_THREADS="many")
    assert done.returncode != 0
    assert re.fullmatch(r"WEB_THREADS .*\n", done.stdout + done.stderr)


def test_an_empty_value_counts_as_none() -> None:
    names = [name for names, _, _ in settings_table() for name in names]
    assert Settings.from_env(dict.fromkeys(names, "")) == Settings.from_env({})
