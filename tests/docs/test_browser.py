"""The code of docs/browser.md signs and saves in a real browser, with a stand-in for NCALayer."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.docs.ncalayer import StandIn, serving
from tests.docs.pages import blocks, read, section
from tests.docs.shell import run
from tests.live.chromium import keeping_open
from tests.live.server import PATIENCE, Server

pytestmark = pytest.mark.slow

PAGE = read("browser.md")
CODE = "".join(block.text for block in blocks(PAGE, "js"))
CANCELLED: Mapping[str, Any] = {"status": True, "body": {}}
FAILED: Mapping[str, Any] = {"status": False, "code": "SIGNING_FAILURE", "message": "no key"}
DRIVER = """<!doctype html><body><script>
{code}
const show = (text) => fetch(`/told/${{encodeURIComponent(text)}}`);
signAndSave({api}, {token}, {content}, {ncalayer}).then(
  (saved) => show(saved ? `saved: version ${{saved.version}}` : "cancelled"),
  (error) => show(`error: ${{error.message}}`),
);
</script></body>"""


@pytest.fixture(name="signed")
def content_and_signature(tmp_path: Path) -> tuple[str, str]:
    """What the tutorial signs, in base64, and the signature as PEM."""
    for block in blocks(section(read("tutorial.md"), "Make a signature"), "sh"):
        run(block.text, tmp_path)
    run("openssl base64 -d -A -in signature.b64 -out signature.der", tmp_path)
    pem = run("openssl cms -cmsout -inform DER -in signature.der -outform PEM", tmp_path)
    return b64encode((tmp_path / "contract.txt").read_bytes()).decode(), pem


@pytest.fixture(name="address")
def address_of_a_stand_in() -> Iterator[StandIn]:
    """A stand-in whose page and answer are set by the test."""
    with serving("", {}) as stand_in:
        yield stand_in


@pytest.fixture(name="server")
def start_server(address: StandIn, tmp_path: Path) -> Iterator[Server]:
    """A server that lets the stand-in's pages call, with tokens."""
    settings = {
        "AUTH": "on",
        "CORS_ORIGINS": f"http://{address.address}",
        "WEB_CONCURRENCY": "1",
    }
    server = Server(f"sqlite:///{tmp_path}/store.sqlite3", tmp_path, settings)
    server.migrate()
    server.start()
    yield server
    server.kill()


def reported(stand_in: StandIn, server: Server, token: str, content: str, folder: Path) -> str:
    """Open a page that signs and saves; return the result that it sends."""
    values = {
        "api": server.address,
        "token": token,
        "content": content,
        "ncalayer": f"ws://{stand_in.address}/",
    }
    literals = {name: json.dumps(value) for name, value in values.items()}
    stand_in.page = DRIVER.format(code=CODE, **literals)
    stand_in.reported = ""
    stand_in.is_told.clear()
    folder.mkdir()
    with keeping_open(f"http://{stand_in.address}/", folder):
        assert stand_in.is_told.wait(PATIENCE)
    return stand_in.reported


def test_the_page_signs_and_saves(
    address: StandIn, server: Server, signed: tuple[str, str], tmp_path: Path
) -> None:
    content, pem = signed
    [create] = blocks(PAGE, "sh")
    token = run(create.text, DATABASE_URL=server.environment["DATABASE_URL"]).split()[-1]

    for number, (answer, said) in enumerate(
        [
            ({"status": True, "body": {"result": [pem]}}, "saved: version 1"),
            ({"status": True, "body": {"result": pem}}, "error: Version must be set"),
            (CANCELLED, "cancelled"),
            (FAILED, "error: no key"),
        ]
    ):
        address.answer = answer
        assert reported(address, server, token, content, tmp_path / str(number)) == said
    other = b64encode(b"I disagree\n").decode()
    address.answer = {"status": True, "body": {"result": [pem]}}
    assert "not what was signed" in reported(address, server, token, other, tmp_path / "other")

    request = address.asked[0]
    assert (request["module"], request["method"]) == ("kz.gov.pki.knca.basics", "sign")
    assert request["args"]["data"] == content
    assert request["args"]["signingParams"]["encapsulate"] is False
