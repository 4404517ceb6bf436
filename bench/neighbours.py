"""How long other requests wait while large GOST contents are verified: gunicorn, two workers."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from base64 import b64encode
from http.client import HTTPConnection
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles

from sqlalchemy import create_engine

from app.store.migrations import upgrade
from bench.servers import WebServer
from tests import pki
from tests.gost_signer import GOST_2004, GOST_2015_512
from tests.pki import profile, signed_data, signer_info

#: Clients that verify, each one signature after the other; the bytes of each content.
CLIENTS, SIZE = 8, 5_000_000
SECONDS = 10.0
#: Seconds from one GET to the next; each has a new connection, as with a proxy.
INTERVAL = 0.02
#: The target: milliseconds of the slowest GET of a hundred.
GOAL = 100.0
_JSON = {"Content-Type": "application/json"}


def print_neighbours(size: int = SIZE) -> None:
    """Print a table: GET /signature alone, and while eight clients verify."""
    print(f"GET /signature alone, and while {CLIENTS} clients verify contents of {size / 1e6:g} MB "
          "by POST /cms/validate; 2 workers, SQLite; ms:\n")  # fmt: skip
    print("| signed with | p99 alone | p50 | p99 | longest | verified a second | aim (p99) |")
    print("|---|---|---|---|---|---|---|")
    for name, kind in (("GOST R 34.10-2015 512", GOST_2015_512), ("GOST 34.310-2004", GOST_2004)):
        root = pki.root("GOST CA", pki.gost_key("ca", kind))
        person = pki.certify(pki.name("P"), pki.gost_key("person", kind), root, pki.PERSON)
        content = bytes(range(256)) * (size // 256)
        cms = b64encode(signed_data([signer_info(person, content)], [person], content)).decode()
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "root.cer").write_bytes(root.certificate)
            print(f"| {name} | {_measure(folder, cms)} | {GOAL:g} |", flush=True)
    print(flush=True)


def _measure(folder: str, cms: str) -> str:
    url = f"sqlite:///{folder}/bench.sqlite3"
    engine = create_engine(url)
    upgrade(engine, None)
    engine.dispose()
    settings = {"WEB_CONCURRENCY": "2", "TRUST_DIR": folder}
    with WebServer("wsgi:app", url, "/health/ready", settings) as server:
        small = b64encode(pki.sign_cms(b"x", [profile.person("P", "900101300017")]))
        saved = {"document": "d", "thread": "t", "cms": small.decode()}
        _ask(server.port, "POST", "/signature", json.dumps(saved))
        alone = _probe(server.port)
        count, stop = multiprocessing.Value("i"), multiprocessing.Event()
        body = json.dumps({"cms": cms})
        clients = [
            multiprocessing.Process(target=_verify, args=(server.port, body, count, stop))
            for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        time.sleep(1)
        waits = _probe(server.port)
        stop.set()
        for client in clients:
            client.join()
    share = quantiles(waits, n=100)
    return (
        f"{1000 * quantiles(alone, n=100)[98]:.1f} | {1000 * share[49]:.1f} | "
        f"{1000 * share[98]:.1f} | {1000 * max(waits):.1f} | {count.value / (SECONDS + 1):.1f}"
    )


def _verify(port: int, body: str, count: Synchronized[int], stop: Event) -> None:
    while not stop.is_set():
        _ask(port, "POST", "/cms/validate", body)
        with count.get_lock():
            count.value += 1


def _probe(port: int) -> list[float]:
    """Send requests for a while; return how long each took from its scheduled start."""
    waits = []
    until = time.perf_counter() + SECONDS
    due = time.perf_counter()
    while due < until:
        time.sleep(max(0.0, due - time.perf_counter()))
        _ask(port, "GET", "/signature?document=d&thread=t")
        waits.append(time.perf_counter() - due)
        due = max(due + INTERVAL, time.perf_counter())
    return waits


def _ask(port: int, method: str, path: str, body: str | None = None) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, _JSON)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
    finally:
        connection.close()
