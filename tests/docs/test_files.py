"""The files that set the program up and start it."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.docs.pages import read, spans
from tests.docs.shell import BIN, run, shell_environment
from tests.live.server import PATIENCE, PROJECT, kill_group, wait_until
from tests.postgresql import free_port

pytestmark = pytest.mark.slow

REQUIREMENTS = sorted(PROJECT.glob("requirements*.txt"))
SET_UP = [*REQUIREMENTS, *map(PROJECT.joinpath, ("setup.cfg", "Makefile", "Dockerfile"))]

#: What would bind the project to one index, registry or machine.
BINDINGS = {
    "an index": r"(?<!no-emit-)(?:index-url|trusted-host|find-links)|^\s*-[if]\s",
    "an address": r"\w://",
    "a host": r"\b[a-z0-9-]+\.(?:org|com|net|io|dev|kz|ru|cloud|internal|local|lan)\b",
    "a machine": r"(?<![\w.])/(?:home|root|Users|work|mnt|opt|tmp)\b|\b[A-Z]:\\",
}
REQUIREMENT = re.compile(
    r"[A-Za-z0-9][\w.-]*(?:\[[\w,]+\])?==[\w.!+]+(?: ; [^\\]+)?(?: --hash=sha256:[0-9a-f]{64})+"
)


def text_of(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", BINDINGS)
@pytest.mark.parametrize("file", SET_UP, ids=lambda path: path.name)
def test_a_file_binds_the_project_to_no_one(file: Path, kind: str) -> None:
    found = [
        f"{number}: {line}"
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(BINDINGS[kind], line)
    ]
    assert found == []


def requirements(file: Path) -> list[str]:
    """Return the requirements of a file, each on one line."""
    joined = re.sub(r"\s*\\\n\s*", " ", file.read_text(encoding="utf-8"))
    lines = (line.strip() for line in joined.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pins(file: Path) -> dict[str, str]:
    """Return the version of each package, by its normal name without extras."""
    found = (line.split(" ")[0].split("==") for line in requirements(file))
    return {
        re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower(): version for name, version in found
    }


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_exactly_and_by_hashes(file: Path) -> None:
    lines = requirements(file)
    assert len(lines) > 10
    assert [line for line in lines if not REQUIREMENT.fullmatch(line)] == []
    assert len(pins(file)) == len(lines)


def test_developers_run_the_versions_that_operators_run() -> None:
    run_time, development = (
        pins(PROJECT / name) for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert {name: development.get(name) for name in run_time} == run_time


def test_everything_that_the_package_asks_for_is_locked() -> None:
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg", encoding="utf-8")
    asked = {
        "requirements.txt": setup["options"]["install_requires"],
        "requirements-dev.txt": setup["options.extras_require"]["dev"],
    }
    for file, names in asked.items():
        assert set(re.sub(r"\[\w+\]", "", names.lower()).split()) <= set(pins(PROJECT / file))


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", ".ci/run", "app.json"])
def test_only_make_words_that_exist_are_used(name: str) -> None:
    code = re.sub(r"^\s*#.*$", "", text_of(name), flags=re.MULTILINE)
    used = re.findall(r"^(?:RUN )?make +([a-z]+)|\"make\", \"([a-z]+)\"", code, re.MULTILINE)
    listed = set(re.findall(r"^make ([a-z]+)", run("make"), re.MULTILINE))
    assert {word for pair in used for word in pair if word} <= listed
    assert used or name in {"compose.yaml", "app.json"}


def test_containers_and_platforms_listen_to_the_world() -> None:
    assert re.search(r"^ENV HOST=0\.0\.0\.0$", text_of("Dockerfile"), re.MULTILINE)
    assert "HOST=${HOST:-0.0.0.0} " in procfile()["web"]


def test_no_server_is_open_to_the_world_by_default() -> None:
    assert "ALLOW_OPEN" not in procfile()["web"]
    assert not re.search(r"^ENV .*ALLOW_OPEN", text_of("Dockerfile"), re.MULTILINE)
    assert json.loads(text_of("app.json"))["env"]["AUTH"]["value"] == "on"
    # The one that starts open is published for its own machine alone.
    assert re.search(r"^ENV AUTH=on$", text_of("Dockerfile"), re.MULTILINE)
    compose = text_of("compose.yaml")
    assert "AUTH: ${AUTH:-on}" in compose
    assert "ALLOW_OPEN: ${ALLOW_OPEN:-}" in compose
    assert re.findall(r"ports: (.*)", text_of("compose.yaml")) == ['["127.0.0.1:8000:8000"]']


def test_the_images_volume_is_where_its_page_says() -> None:
    [volume] = re.findall(r"^VOLUME (\S+)$", text_of("Dockerfile"), re.MULTILINE)
    assert volume in spans(read("deploy/README.md"))


def test_the_platforms_file_names_settings_that_exist() -> None:
    described = json.loads(text_of("app.json"))["env"]
    assert set(described) <= set(spans(read("configuration.md")))


def procfile() -> dict[str, str]:
    """Return the line of each process type."""
    lines = (line.partition(":") for line in text_of("Procfile").splitlines())
    return {kind: line.strip() for kind, _, line in lines}


def service_line() -> str:
    """Return the line that the page has for a machine of one's own."""
    [line] = [span for span in spans(read("deploy/README.md")) if " && " in span]
    return line


@contextmanager
def started(line: str, folder: Path) -> Iterator[str]:
    """Run a line that serves, in a shell; return the server's address."""
    settings = {
        "DATABASE_URL": f"sqlite:///{folder}/store.sqlite3",
        "HOST": "127.0.0.1",
        "PORT": str(free_port()),
        "WEB_CONCURRENCY": "1",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", line],
            cwd=PROJECT,
            env=shell_environment([BIN], {"TMPDIR": str(folder), **settings}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{settings['PORT']}"
    try:
        wait_until(lambda: answers(process, address, folder / "log"), "the server answers")
        yield address
    finally:
        kill_group(process)


def answers(process: subprocess.Popen[bytes], address: str, log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.get(f"{address}/health/live", timeout=PATIENCE)
    except requests.ConnectionError:
        return False
    return True


def assert_ready(address: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{address}/health/ready", timeout=PATIENCE)
    assert (answer.status_code, answer.json()["content"]) == (200, {"health": "ready"})


def test_the_procfile_migrates_and_serves(tmp_path: Path) -> None:
    assert list(procfile()) == ["release", "web", "worker"]
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    run(f".venv/bin/{procfile()['release']}", DATABASE_URL=url)
    with started(procfile()["web"], tmp_path) as address:
        assert_ready(address)


def test_a_server_whose_release_did_not_run_is_not_ready(tmp_path: Path) -> None:
    with started(procfile()["web"], tmp_path) as address, requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{address}/health/ready", timeout=PATIENCE).status_code == 503


def test_the_service_line_of_the_page_migrates_and_serves(tmp_path: Path) -> None:
    with started(service_line(), tmp_path) as address:
        assert_ready(address)


def test_make_run_migrates_and_serves(tmp_path: Path) -> None:
    # What is installed is taken as it is, whatever its stamp says.
    with started("make --old-file=.venv/.installed run", tmp_path) as address:
        assert_ready(address)


@pytest.mark.attacks
def test_no_secret_comes_into_the_image() -> None:
    ignored = set(text_of(".dockerignore").split())
    kinds = {f"**/*.{kind}" for kind in ("p12", "pfx", "pem", "key", "sqlite3*")}
    assert {".git", "var", "**/.env*"} | kinds <= ignored


@pytest.mark.attacks
def test_images_are_of_a_minor_version() -> None:
    texts = text_of("Dockerfile") + text_of("compose.yaml")
    images = re.findall(r"(?:^FROM|image:) (\S+)", texts, re.MULTILINE)
    assert len(images) == 3
    assert all(re.search(r":\d+\.\d+(-|$)|@sha256:", image) for image in images)
