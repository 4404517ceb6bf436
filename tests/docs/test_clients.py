"""The examples for clients are run as they stand, in each language whose runtime is here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api import people
from tests.docs.conftest import MakeServer
from tests.docs.pages import USUAL_ADDRESS, blocks, read
from tests.docs.shell import shell_environment
from tests.live.server import PATIENCE

pytestmark = pytest.mark.slow

CLIENTS = read("clients.md")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs the examples of a language: a program, its arguments, a file that it takes."""

    command: tuple[str, ...]
    file: str

    @property
    def is_here(self) -> bool:
        return shutil.which(self.command[0]) is not None


#: By the marker of a code block.
RUNTIMES = {
    "sh": Runtime(("bash", "-euo", "pipefail"), "example.sh"),
    "php": Runtime(
        ("php", "-d", "error_reporting=-1", "-d", "display_errors=stderr"), "example.php"
    ),
    "python": Runtime((sys.executable,), "example.py"),
    "js": Runtime(("node",), "example.mjs"),
}
#: The other tests need these, too; without PHP or Node the rest is run.
ALWAYS_HERE = {"sh", "python"}
HERE = [language for language, runtime in RUNTIMES.items() if runtime.is_here]


def test_the_file_has_one_example_in_each_language_and_what_all_of_them_print() -> None:
    assert [block.language for block in blocks(CLIENTS)] == ["text", *RUNTIMES, "yaml"]
    assert set(HERE) >= ALWAYS_HERE
    for block in blocks(CLIENTS)[1:-1]:
        assert block.text.count(USUAL_ADDRESS) == 1, block.language
        assert "TANBAHANA_TOKEN" in block.text, block.language


@pytest.mark.parametrize("language", HERE)
def test_an_example_prints_what_the_file_says(
    language: str, make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server(f"sqlite:///{tmp_path}/store.sqlite3").start()
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / "signature.b64").write_text(people.cms(people.ivan()) + "\n", encoding="utf-8")
    [printed] = blocks(CLIENTS, "text")
    [example] = blocks(CLIENTS, language)
    runtime = RUNTIMES[language]
    (folder / runtime.file).write_text(
        example.text.replace(USUAL_ADDRESS, server.address), encoding="utf-8"
    )

    done = subprocess.run(
        [*runtime.command, runtime.file],
        cwd=folder,
        env=shell_environment([], {"TANBAHANA_TOKEN": "not-looked-at"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, printed.text, "")
