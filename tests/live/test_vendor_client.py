"""The requests of the vendor's PHP client, and what it sees of their answers."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import pki
from tests.api import people
from tests.live.conftest import Database, StartServer
from tests.live.server import CODE, Server
from tests.live.test_limits import make_token
from tests.trust.serving import Site, serving

HERE = Path(__file__).parent
PROGRAMS = {
    "php": ["php", str(HERE / "vendor_client.php")],
    "python": [sys.executable, str(HERE / "vendor_client.py")],
}
#: The headers by which releases of the client differ, as they were seen on the wire when each was
#: run. All send the same body, but for a request without parameters: `[]` before 1.3, then nothing.
HEADERS = {
    "1.2.0": {},
    "1.4.2": {"Api-Segment": "acme"},
    "5.6.0": {"Api-Locale": "ru", "Api-Segment": "acme", "Api-Tenant": "acme"},
}
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", name="origin")
def ncanode_server() -> Iterator[Site]:
    """Start what requests are forwarded to."""
    with serving() as site:
        site.serve("/", b'{"status": 0, "message": "", "result": {"version": "1.1"}}')
        yield site


@pytest.fixture(scope="module", name="server")
def drop_in(
    start_server: StartServer,
    database: Database,
    origin: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Server:
    """Start a server that asks for tokens, trusts an authority, and has an NCANode behind it."""
    anchors = people.trust(tmp_path_factory.mktemp("trust"), pki.authority())
    return start_server(
        database.url,
        AUTH="on",
        RATE_LIMIT="off",
        TRUST_DIR=str(anchors),
        NCANODE_REMOTE_URL=origin.url("/"),
        WEB_CONCURRENCY="1",
    )


@pytest.fixture(scope="module", name="token")
def token_of(server: Server) -> str:
    """Provide what the client sends as its password."""
    return make_token(server, "vendor", "--scope", "admin")


def run(program: str, port: int, token: str, questions: list[dict[str, Any]]) -> list[Any]:
    """Return what a program saw of each answer."""
    words = [*PROGRAMS[program], "127.0.0.1", str(port), token]
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run(
        words, input=lines, capture_output=True, check=True, text=True, timeout=120
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def installed(program: str) -> str:
    """Return the program. Skips the test where it is missing."""
    if shutil.which(PROGRAMS[program][0]) is None:
        pytest.skip(f"{program} is not installed")
    return program


@pytest.fixture(name="program", params=PROGRAMS)
def program_of(request: pytest.FixtureRequest) -> str:
    """Name one of the programs."""
    return installed(request.param)


@pytest.fixture(name="ask_as")
def asking_as(program: str, server: Server, token: str) -> Callable[[str], Ask]:
    """Provide a function that gives, for a release, one that sends a request and its fields."""

    def ask(release: str, what: str, **fields: Any) -> dict[str, Any]:
        question = asked(release, what, fields)
        seen: dict[str, Any] = run(program, server.port, token, [question])[0]
        return seen

    return lambda release: partial(ask, release)


def asked(release: str, what: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the question that a release asks: method and path, then its fields."""
    method, path = what.split()
    body = fields if fields or release < "1.3" else None
    return {"method": method, "path": path, "headers": HEADERS[release], "body": body}


@pytest.fixture(name="ask")
def asking(ask_as: Callable[[str], Ask]) -> Ask:
    """Provide a function that sends a request as the newest release does."""
    return ask_as("5.6.0")


@pytest.fixture(name="code")
def document_of(request: pytest.FixtureRequest) -> str:
    """Provide what the documents of a test begin with."""
    return f"{CODE}{request.node.name} "


def saved(ask: Ask, document: str, thread: str = "approval", **more: Any) -> dict[str, Any]:
    """Save, and return what the client takes for the signature."""
    cms = people.cms(people.ivan())
    seen = ask("post /signature", document=document, thread=thread, cms=cms, **more)
    assert (seen["http"], seen["status"], seen["message"]) == (201, True, None)
    signature: dict[str, Any] = seen["parts"]["signature"]
    return signature


def test_a_signature_lives_and_dies(ask: Ask, code: str) -> None:
    thread = {"document": code, "thread": "approval"}
    made = saved(ask, code, tags=["a/b"], version_created_by="я", version_comment="первая")
    assert (made["version"], made["tags"]) == (1, ["a/b"])
    assert ask("get /signature", **thread)["parts"]["signature"] == made
    assert saved(ask, code, version=1, tags=[])["version"] == 2
    stale = ask("post /signature", **thread, cms=people.cms(people.ivan()), version=1)
    assert (stale["http"], stale["status"], stale["parts"]) == (400, False, {})
    gone = ask("delete /signature", **thread)
    assert (gone["http"], gone["status"], gone["message"]) == (200, True, None)
    missing = ask("get /signature", **thread)
    assert (missing["http"], missing["status"], missing["parts"]) == (404, False, {})
    assert missing["message"] == "Подпись не найдена"  # as Api-Locale wants it


@pytest.mark.parametrize("release", HEADERS)
def test_no_parameters_are_an_empty_list_or_nothing(
    ask_as: Callable[[str], Ask], code: str, release: str
) -> None:
    ask = ask_as(release)
    saved(ask, code)
    assert ask("get /signatures")["parts"]["signatures"]
    assert ask("get /signature")["http"] == 400
    assert ask("delete /signature")["http"] == 400


def test_the_oldest_release_knows_chains_and_ids(ask_as: Callable[[str], Ask], code: str) -> None:
    ask, cms = ask_as("1.2.0"), people.cms(people.ivan())
    chain = {"document": code, "chain": "approval"}
    first = ask("post /signature", **chain, stage="draft", signature=cms, tags=[code])
    assert (first["http"], first["status"], first["message"]) == (201, True, None)
    made = first["parts"]["signature"]
    named = {"document": code.strip(), "chain": "approval", "stage": "draft", "parent": None}
    assert made == {**made, **named, "signature": cms}
    for address in ({"id": made["id"]}, chain, {**chain, "stage": "draft"}):
        assert ask("get /signature", **address)["parts"]["signature"] == made
    for filters in ({**chain, "stage": "draft"}, {"tags": [code], "id_ge": made["id"]}):
        assert ask("get /signatures", **filters)["parts"]["signatures"] == [made]
    # A second stage is a version, of which the release says its parent, and not which it saw.
    later = ask("post /signature", **chain, stage="final", signature=cms, parent=made["id"])
    assert (later["http"], later["message"]) == (400, "Version must be set")
    for fields in ({"parent": made["id"]}, {"document": code}, {}):
        assert ask("get /signature", **fields)["http"] == 400
    gone = ask("delete /signature", id=made["id"])
    assert (gone["http"], gone["status"], gone["message"]) == (200, True, None)
    for what in ("get", "delete"):
        missing = ask(f"{what} /signature", id=made["id"])
        assert (missing["http"], missing["status"], missing["parts"]) == (404, False, {})


@pytest.mark.parametrize("release", ["1.4.2", "5.6.0"])
def test_what_newer_releases_may_add_changes_nothing(
    ask_as: Callable[[str], Ask], code: str, release: str
) -> None:
    ask, thread = ask_as(release), {"document": code, "thread": "approval"}
    made = saved(ask, code, silent=True, code="anything")
    assert ask("get /signature", **thread, id=made["id"])["parts"]["signature"] == made
    assert ask("get /signature", id=made["id"])["parts"]["signature"] == made
    assert ask("delete /signature", **thread, id=made["id"], code="anything")["http"] == 200
    assert ask("delete /signature", id=made["id"])["http"] == 404


def test_lists(ask: Ask, code: str) -> None:
    tag = f"{code}tag"
    ids = [saved(ask, f"{code}{number}", tags=[tag])["id"] for number in range(3)]

    def listed(**fields: Any) -> list[int]:
        seen = ask("get /signatures", tag=tag, **fields)
        assert (seen["http"], seen["status"]) == (200, True)
        return [ids.index(row["id"]) for row in seen["parts"]["signatures"]]

    assert listed() == [2, 1, 0]
    assert listed(limit=1, offset=1) == [1]
    assert listed(document=f"{code}1", thread="approval") == [1]
    assert listed(id=ids[1]) == [1]
    assert listed(id_lt=ids[1]) == [0]
    assert listed(id_le=ids[1]) == [1, 0]
    assert listed(id_gt=ids[1]) == [2]
    assert listed(id_ge=ids[1], id_lt=ids[2]) == [1]
    assert listed(search=f"{code}2") == [2]
    assert listed(search="appro", id_le=ids[0]) == [0]
    assert listed(search=f"{code}9") == []
    for field in ("id", "document", "created_at", "updated_at"):
        assert listed(order_field=field, order_direction="asc", id_le=ids[2]) == [0, 1, 2]
    assert listed(order_field="document", order_direction="desc") == [2, 1, 0]
    assert sorted(listed(order_field="thread", order_direction="asc")) == [0, 1, 2]


def test_a_list_is_counted_if_requested(ask: Ask, code: str) -> None:
    saved(ask, code, tags=[code])
    assert ask("get /signatures", tag=code, count=1)["parts"]["nb_results"] == 1
    assert "nb_results" not in ask("get /signatures", tag=code)["parts"]


def test_validations(ask: Ask, code: str) -> None:
    cms, iin = people.cms(people.ivan()), people.IIN
    yes = ask("post /validate", cms=cms, rule=["iin", "individual"], iin=iin)
    assert (yes["http"], yes["status"]) == (200, True)
    either = {"rule": ["iin", "ceo"], "criteria": "or", "expiration": False}
    assert ask("post /validate", cms=cms, iin=iin, **either)["status"] is True
    no = ask("post /validate", cms=cms, rule="iin", iin="000000000000")
    assert (no["http"], no["status"]) == (200, False)
    sent = ask("post /cms/validate", cms=cms, rule="iin", iin=iin, constraints=[])
    saved(ask, code)
    stored = ask("post /cms/validate", document=code, thread="approval")
    for seen in (sent, stored):
        assert (seen["http"], seen["status"]) == (200, True), seen
    refused = ask("post /cms/validate", cms="AA==")
    assert (refused["http"], refused["status"], refused["parts"]) == (400, False, {})


def test_a_content_is_extracted(ask: Ask) -> None:
    seen = ask("post /cms/extract", cms=people.cms(people.ivan()))
    assert (seen["http"], seen["status"]) == (200, True)
    assert seen["parts"]["data"]


def test_a_request_is_forwarded(ask: Ask) -> None:
    seen = ask("post /origin", method="NODE.info", version="1.0", params=[])
    assert (seen["http"], seen["status"]) == (200, True), seen
    assert seen["parts"]["origin"]


def test_a_wrong_password_is_refused(program: str, server: Server) -> None:
    question = asked("5.6.0", "get /signatures", {})
    seen = run(program, server.port, "wrong", [question])[0]
    assert (seen["http"], seen["status"], seen["parts"]) == (401, False, {})


@pytest.mark.parametrize("release", HEADERS)
def test_both_programs_send_the_same_bytes(release: str) -> None:
    installed("php")
    fields = {"document": 'договор/"1"', "tags": [], "params": {}, "count": 1, "x": None}
    received = heard(asked(release, "get /signatures", fields))
    assert b'"tags":[],"params":[],"count":1,"x":null' in received
    assert heard(asked(release, "get /signatures", {})).endswith(
        b"\r\n\r\n[]" if release == "1.2.0" else b"\r\n\r\n"
    )


def heard(question: dict[str, Any]) -> bytes:
    """Return what both programs send."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        received = [hear(listener, port, each, question) for each in PROGRAMS]
    assert received[0] == received[1]
    return received[0]


def hear(listener: socket.socket, port: int, program: str, question: dict[str, Any]) -> bytes:
    """Return what a program sends."""
    received: list[bytes] = []

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            received.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    thread = threading.Thread(target=answer)
    thread.start()
    run(program, port, "secret", [question])
    thread.join()
    return received[0]
