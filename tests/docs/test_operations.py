"""What docs/operations.md says is so, and its drill goes well."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.api.operations.health import _FAULTS
from app.store.migrations.readiness import Fault
from tests.docs.conftest import MakeDatabase, MakeServer
from tests.docs.pages import blocks, read
from tests.docs.shell import BIN, shell_environment
from tests.live.client import Client
from tests.live.server import PROJECT
from tests.postgresql import free_port

pytestmark = pytest.mark.slow

PAGE = read("operations.md")
#: The lines of another section are run by test_backup.py.
OWN_COMMANDS, _, _ = PAGE.partition("\n## Watch\n")
DRILL = "docs/deploy/drill.sh"


def attempt(script: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script in bash; it may fail, and takes many commands."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(".venv/bin", str(BIN))],
        cwd=PROJECT,
        env=shell_environment([], settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=240,
    )


def run(script: str, settings: Mapping[str, str]) -> str:
    """Run a script that succeeds; return what it printed."""
    done = attempt(script, settings)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(params=["sqlite", "postgresql"], name="settings")
def settings_of_a_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[dict[str, str], dict[str, str]]:
    """Provide the environment of a store, and that of an empty place to restore it into."""
    given = {"HOME": str(tmp_path), "BIN": str(BIN), "PORT": str(free_port())}
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path}/{name}.sqlite3" for name in ("one", "two")]
    else:
        make: MakeDatabase = request.getfixturevalue("make_database")
        urls = [make(), make()]
    one, two = (
        {**given, "DATABASE_URL": url, "TRUST_DIR": str(tmp_path / f"trust-{place}")}
        for place, url in enumerate(urls)
    )
    return one, two


def test_the_commands_do_what_they_say(
    settings: tuple[dict[str, str], dict[str, str]], make_server: MakeServer
) -> None:
    store, empty = settings
    scripts = [block.text for block in blocks(OWN_COMMANDS, "sh")]
    is_restore = ["restore" in text for text in scripts]
    assert is_restore.count(True) == 1
    place = is_restore.index(True)
    for script in scripts[:place]:
        run(script, store)
    server = make_server(store["DATABASE_URL"]).start()
    with Client(server.address) as client:
        client.saved("after the backup")
        kept = client.listed()
    run(scripts[place - 1].replace(" backup ", " backup --replace "), store)
    server.kill()
    run(scripts[place], empty)
    restored = make_server(empty["DATABASE_URL"]).start()
    with Client(restored.address) as client:
        assert client.listed() == kept


@pytest.mark.parametrize("how", ["", " --store"])
def test_the_drill_goes_well(settings: tuple[dict[str, str], dict[str, str]], how: str) -> None:
    assert any(block.text == f"{DRILL}{how}\n" for block in blocks(PAGE, "sh"))
    store, _ = settings
    run(".venv/bin/flask --app wsgi db upgrade", store)
    said = run(DRILL + how, store)
    assert re.search(r"^the same as on ", said, re.MULTILINE)
    left = [one.name for one in Path(store["HOME"]).iterdir() if one.name.endswith(".backup")]
    assert left == []


def test_a_drill_that_can_not_be_done_fails(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3", "BIN": str(BIN)}
    done = attempt(f"{DRILL} --store", settings)
    assert done.returncode != 0
    assert "the database was never migrated" in done.stderr


@pytest.mark.parametrize("words", ["--stroe", "store", "''", "--store more"])
def test_a_drill_that_is_not_known_is_none(words: str) -> None:
    done = attempt(f"{DRILL} {words}", {})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: {DRILL} [--store]\n")


def test_the_drill_says_what_it_does() -> None:
    said = run(f"{DRILL} --help", {})
    assert said.startswith("usage: ")
    assert "== invent a store" not in said


def test_every_message_of_readiness_is_reported() -> None:
    rows = re.findall(r"^\| (D[^|]+?) \|", PAGE, re.MULTILINE)
    source = (PROJECT / "app" / "api" / "operations" / "health.py").read_text(encoding="utf-8")
    assert len(rows) == len(Fault) == len(_FAULTS)
    assert [row for row in rows if row not in source] == []


def test_the_first_line_of_the_log_looks_as_it_says() -> None:
    [line] = [block.text for block in blocks(PAGE, "text")]
    form = r"serving \S+ \S+, step \d{4}; trust anchors: 3 \(2 in the database, 1 in TRUST_DIR\); "
    assert re.match(form + "open: .*\n", line)
