"""Large signatures by signers' links: what a worker holds of them, one and several at once."""

from __future__ import annotations

import json
import time
from base64 import b64encode, encodebytes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TypeVar

import pytest
import requests
from sqlalchemy import NullPool, create_engine

from app.store.packages.passing_links import make_passing
from tests import pki
from tests.api import people
from tests.live.conftest import Database, StartServer
from tests.live.server import Server

pytestmark = pytest.mark.attacks

T = TypeVar("T")

#: Megabytes on top of what the worker takes: 85 to 150 are usual, 322 before.
MEMORY = 180
#: Bytes of a document that is attached, so that a request has nearly 30 MB; and of one in base64.
SIZE, AS_TEXT = 28_900_000, 21_200_000
PAGE = {"Accept": "text/html"}
SIGNERS = (people.ivan, people.chief)
ASKED = [{"iin": people.IIN}, {"iin": people.CHIEF_IIN, "bin": people.BIN}]


@pytest.fixture(scope="module")
def server(start_server: StartServer, database: Database) -> Server:
    """A server of one worker, which answers four large requests at once."""
    return start_server(
        database.url,
        WEB_CONCURRENCY="1",
        WEB_THREADS="16",
        CLAIMS="accept",
        RATE_LIMIT="off",
        PUBLIC_URL="https://office.example.kz",
        KEEP_CONTENT="on",
        EGOV_QR="on",
    )


@dataclass(frozen=True)
class Link:
    """A signer's link."""

    server: Server
    token: str

    def send(self, signature: bytes) -> int:
        """Sign by the page's form; return the status."""
        address = f"{self.server.address}/sign/{self.token}"
        with requests.Session() as session:
            session.get(address, headers=PAGE, timeout=60)
            [form] = session.cookies.values()
            answer = session.post(
                address,
                data={"form_token": form},
                files={"signature-1": ("a.p7s", signature)},
                headers={"Origin": "https://office.example.kz"},
                timeout=120,
            )
        return answer.status_code


def put(server: Server, **document: str) -> list[Link]:
    """Add a package of one document for two signers; return their links."""
    answer = requests.post(
        f"{server.address}/packages/add",
        json={
            "name": "Loan",
            "type": "concurrent",
            "state": "open",
            "thread": "main",
            "generateSignerLinks": True,
            "documents": [{"externalId": f"confidential-code-{time.time_ns()}", **document}],
            "signers": ASKED,
        },
        timeout=120,
    )
    signers = answer.json()["package"]["signers"]
    return [Link(server, one["signLink"]["link"].rpartition("/")[2]) for one in signers]


def signed(content: bytes, number: int, *, attached: bool = True) -> bytes:
    who = SIGNERS[number]()
    infos = [pki.signer_info(who, content)]
    return pki.signed_data(infos, [who, pki.authority()], content if attached else None)


def above_idle(server: Server, send: Callable[[], T]) -> tuple[float, T]:
    """Return the megabytes that sending takes on top of what there was, and what it returns."""
    idle = server.peak_memory(anew=True)
    answer = send()
    return server.peak_memory() - idle, answer


@pytest.mark.parametrize(
    ("write", "size"),
    [
        (bytes, SIZE),
        (lambda der: der + bytes(1000), SIZE),
        (b64encode, AS_TEXT),
        (lambda der: encodebytes(der).replace(b"\n", b"\r\n"), 20_400_000),
        (lambda der: b"-----BEGIN CMS-----\n%b-----END CMS-----" % encodebytes(der), 20_900_000),
    ],
    ids=["DER", "DER and zeros", "base64", "base64 in lines", "PEM"],
)
def test_one_signature_after_another_takes_little(
    server: Server, write: Callable[[bytes], bytes], size: int
) -> None:
    content = bytes(size)
    for number, link in enumerate(put(server)):
        taken, status = above_idle(server, partial(link.send, write(signed(content, number))))
        assert status == 200
        assert taken < MEMORY


def test_what_a_phone_sends_takes_little(server: Server, database: Database) -> None:
    content = bytes(AS_TEXT)
    engine = create_engine(
        database.url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool
    )
    for number, link in enumerate(put(server, content=b64encode(content).decode())):
        with engine.connect() as connection:
            passing = make_passing(connection, link.token, int(time.time()) + 170)
        data = b64encode(signed(content, number)).decode()
        body = json.dumps({"documentsToSign": [{"id": 1, "document": {"file": {"data": data}}}]})
        put_back = partial(
            requests.put,
            f"{server.address}/sign/egov/documents",
            data=body,
            headers={"Authorization": f"Bearer {passing}", "Content-Type": "application/json"},
            timeout=120,
        )
        taken, answer = above_idle(server, put_back)
        assert answer.json() == {"message": "OK"}
        assert taken < MEMORY


def test_several_at_once_wait_for_each_other(server: Server) -> None:
    """They took 1,050 MB, and 494 the small ones beside large ones."""
    content = bytes(SIZE)
    links = [put(server, sha256=sha256(content).hexdigest()) for _ in range(4)]
    small = signed(content, 1, attached=False)
    assert _at_once(server, [one[0] for one in links], signed(content, 0)) < 1.2 * MEMORY
    assert _at_once(server, [one[1] for one in links], small) < MEMORY


def _at_once(server: Server, links: Sequence[Link], sent: bytes) -> float:
    """Send by all links, again where the server is too busy; return the megabytes that it took."""

    def send(link: Link) -> int:
        while (status := link.send(sent)) == 503:
            time.sleep(1)
        return status

    with ThreadPoolExecutor(len(links)) as pool:
        taken, statuses = above_idle(server, lambda: set(pool.map(send, links)))
    assert statuses == {200}
    return taken
