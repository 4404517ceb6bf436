"""Lines of text, run in a shell as a reader of the pages would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.live.server import PATIENCE, PROJECT, environment
from tests.postgresql import find_binaries

#: The folder of `flask` and `gunicorn`, which the pages call `.venv/bin`.
BIN = Path(sys.executable).parent


def shell_environment(folders: list[Path], settings: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with `settings` where programs of `folders` are found first."""
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    # A surrounding make would pass its options on; a proxy doesn't know our server.
    quiet = {"MAKEFLAGS": "", "MFLAGS": "", "MAKELEVEL": "", "NO_PROXY": "*", "no_proxy": "*"}
    return environment({"PATH": path, **quiet, **settings})


def attempt(
    script: str, folder: Path = PROJECT, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in bash, with PostgreSQL's programs at hand; it may fail."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", re.sub(r"(?<![\w/])\.venv/bin", str(BIN), script)],
        cwd=folder,
        env=shell_environment([find_binaries()], settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )


def run(script: str, folder: Path = PROJECT, **settings: str) -> str:
    """Run a script that succeeds; return what it printed."""
    done = attempt(script, folder, **settings)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout
