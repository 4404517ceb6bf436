"""What docs/security.md says is so."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import read
from tests.docs.test_configuration import settings_table
from tests.live.server import PROJECT

pytestmark = pytest.mark.attacks

PAGE = read("security.md")


def test_its_settings_exist() -> None:
    known = {name for names, _, _ in settings_table() for name in names}
    named = set(re.findall(r"`([A-Z][A-Z_]+)(?:=\w+)?`", PAGE))
    assert len(named) > 15
    assert named - known == set()


def test_its_files_are_there() -> None:
    files = re.findall(r"`((?:tests|app)/[\w/]+\.py)`", PAGE)
    files += [f"docs/{name}" for name in re.findall(r"\]\(([\w/.-]+)\)", PAGE)]
    assert len(files) > 8
    assert [name for name in files if not (PROJECT / name).is_file()] == []


def test_each_attack_is_marked() -> None:
    tests = set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE)) - {"tests/live/test_slow_clients.py"}
    texts = {name: (PROJECT / name).read_text(encoding="utf-8") for name in tests}
    assert [name for name, text in texts.items() if "mark.attacks" not in text] == []
