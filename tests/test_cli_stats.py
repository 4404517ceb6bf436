"""`flask stats`: how much is kept."""

import json
from pathlib import Path

from flask import Flask

from app.cms.algorithms.gost.implementations import CURVES, DIGESTS
from app.store.migrations import HEAD
from tests.api.asking import save
from tests.conftest import AppMaker
from tests.test_cli import run


def test_stats_reports_how_much_is_kept(app: Flask) -> None:
    client = app.test_client()
    save(client, tags=["x", "y"])
    save(client, version=1, tags=["x", "z"])
    save(client, document="other")
    status, output = run(app, "stats")
    assert status == 0
    lines = dict(line.split(": ", 1) for line in output.splitlines())
    expected = {"threads": "2", "versions": "3", "unread versions": "0", "tags": "2"}
    assert expected.items() <= lines.items()
    assert lines["schema step"] == HEAD
    assert lines["newest save"].endswith("Z")
    assert int(lines["database bytes"]) > 0


def test_stats_reports_whose_code_computes_gost(app: Flask) -> None:
    output = run(app, "stats")[1]
    assert f"gost digests: {DIGESTS.provider}\n" in output
    assert f"gost curves: {CURVES.provider}\n" in output


def test_an_empty_store_has_no_newest_save(app: Flask) -> None:
    assert "newest save: none\n" in run(app, "stats")[1]
    assert json.loads(run(app, "stats", "--json")[1])["newest_save"] is None


def test_stats_as_json_have_the_same_numbers(app: Flask) -> None:
    save(app.test_client())
    status, output = run(app, "stats", "--json")
    assert status == 0
    numbers = json.loads(output)
    assert numbers.pop("about") == []
    reported = [f"{name.replace('_', ' ')}: {number}" for name, number in numbers.items()]
    assert reported == run(app, "stats")[1].splitlines()


def test_stats_of_a_database_that_can_t_be_used_say_so_in_one_line(
    start_app: AppMaker, tmp_path: Path
) -> None:
    app = start_app(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    status, output = run(app, "stats")
    assert status == 1
    assert output.startswith("Error: the database was never migrated: ")
    assert len(output.splitlines()) == 1
