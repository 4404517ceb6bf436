"""The description of the API, as people and machines find it on a running server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests

from tests.api import people
from tests.live.chromium import open_page
from tests.live.conftest import StartServer
from tests.live.server import Server
from tests.trust.serving import Site, serving

#: What schemathesis looks at in each answer.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
#: Requests that are made up for each operation, beside those that cover its description.
EXAMPLES = 20
#: Seconds that all of them may take.
LIMIT = 180


@pytest.fixture(scope="module", name="origin")
def ncanode_server() -> Iterator[Site]:
    """A server that requests may be forwarded to."""
    with serving() as site:
        site.serve("/", b'{"status": 0, "message": ""}')
        yield site


@pytest.fixture(scope="module", name="described")
def described_server(
    start_server: StartServer, origin: Site, tmp_path_factory: pytest.TempPathFactory
) -> Server:
    """A server on the embedded database, which has what the examples speak of."""
    folder = tmp_path_factory.mktemp("described")
    server = start_server(
        f"sqlite:///{folder}/store.sqlite3",
        NCANODE_REMOTE_URL=origin.url("/"),
        RATE_LIMIT="off",
        WEB_CONCURRENCY="2",
    )
    body = {"document": "contract-7", "thread": "approval", "cms": people.cms(people.ivan())}
    with requests.Session() as session:
        session.trust_env = False
        assert session.post(f"{server.address}/signature", json=body, timeout=20).status_code == 201
    return server


def test_people_read_it_in_a_browser_that_asks_no_one_else(
    described: Server, tmp_path: Path
) -> None:
    with requests.Session() as session:
        session.trust_env = False
        document = session.get(f"{described.address}/openapi.json", timeout=20).json()
    page = open_page(f"{described.address}/docs#/find/getSignature", tmp_path)

    shown = [unescape(path) for path in re.findall(r'data-path="([^"]+)"', page.html)]
    assert sorted(shown) == sorted(
        path for path, operations in document["paths"].items() for _ in operations
    )
    # The operation that the address names is opened.
    assert "the one that <code>version</code> names" in page.html
    assert {url.removeprefix(described.address) for url in page.asked} == {
        "/docs/swagger-ui.css",
        "/docs/swagger-ui-bundle.js",
        "/docs/start.js",
        "/docs/favicon-32x32.png",
        "/openapi.json",
    }
    assert [line for line in page.reported if "Content Security Policy" in line] == []


def test_whatever_the_description_allows_is_answered_as_it_says(
    described: Server, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", "run"),
            f"{described.address}/openapi.json",
            f"--checks={','.join(CHECKS)}",
            "--phases=examples,coverage,fuzzing",
            f"--max-examples={EXAMPLES}",
            "--exclude-operation-id=saveBatch",  # It writes no lines of JSON.
            "--generation-deterministic",
            "--continue-on-failure",
            "--suppress-health-check=all",
            "--request-timeout=20",
            "--warnings=off",
        ],
        cwd=tmp_path,
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        check=False,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested
    assert int(tested[1]) > 25
