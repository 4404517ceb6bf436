"""A batch whose answers are much larger than its items, and wait for one that takes long."""

from __future__ import annotations

from base64 import b64encode

import pytest
import requests

from tests import bounds, der
from tests.live.conftest import Database, StartServer
from tests.live.server import Server

pytestmark = pytest.mark.attacks

#: MB above what a worker takes idle: 231 before. The slow item alone takes 74.
MEMORY = 140
_SIGNED_DATA, _DATA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"
#: Small items, each of which has every signer's certificate written anew.
ITEMS, SIGNERS, KEY = 60, 256, 14_000


def stacked(seed: int) -> str:
    """Return a CMS of 29 KB: many signers who have one certificate, with a key of 14 KB."""
    unknown, name = der.algorithm("1.2.3"), der.sequence(der.tlv(0x31, b""))
    moment, number = der.tlv(0x18, b"20250101000000Z"), der.integer(1)
    key = der.sequence(unknown, der.bits(seed.to_bytes(4, "big") + bytes(KEY)))
    certified = der.sequence(
        number, unknown, name, der.sequence(moment, moment), der.sequence(), key
    )
    signers = [
        der.sequence(number, der.sequence(name, number), unknown, unknown, der.octets(bytes([n])))
        for n in range(SIGNERS)
    ]
    signed = der.sequence(
        number,
        der.tlv(0x31, b""),
        der.sequence(der.oid(_DATA), der.explicit(0, der.octets(b"x"))),
        der.tlv(0xA0, der.sequence(certified, unknown, der.bits(b""))),
        der.tlv(0x31, b"".join(signers)),
    )
    return b64encode(der.sequence(der.oid(_SIGNED_DATA), der.explicit(0, signed))).decode()


@pytest.fixture(name="server", scope="module")
def server_of_two_workers(start_server: StartServer, postgres_database: Database) -> Server:
    return start_server(postgres_database.url, WEB_CONCURRENCY="2")


def ask(server: Server, items: list[dict[str, str]]) -> int:
    """Verify the items as a batch; return the size of the answer."""
    with requests.post(
        f"{server.address}/ncanode3/cms/verify/batch",
        json={"items": items},
        timeout=300,
        stream=True,
    ) as answer:
        assert answer.status_code == 200
        return sum(map(len, answer.iter_content(1 << 20)))


def test_answers_that_wait_for_a_slow_item_are_few(server: Server) -> None:
    small = [{"cms": stacked(seed)} for seed in range(ITEMS)]
    cms, data = bounds.content_of_many_digests()
    # The body has at most 30 MB; the lines of the content have 77 characters.
    slow = {"cms": cms, "data": data[: 310_000 * 77]}
    assert ask(server, small[:4]) > 4 * SIGNERS * KEY
    idle = server.peak_memory(anew=True)
    for first in ([slow], [*small[:3], slow]):
        assert ask(server, [*first, *small]) > ITEMS * SIGNERS * KEY
    assert server.peak_memory() - idle < MEMORY
