"""Verifications a second by NCANode 3's family, one by one and in batches, beside the library.

The library parses and verifies the same signatures in as many processes as the server has workers,
and writes no answer.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

from app.cms import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import read_certificate
from app.store.migrations import upgrade
from bench.servers import WebServer, drive
from bench.verification import AT, Authorities
from tests import pki
from tests.api import people
from tests.conftest import opened
from tests.gost_signer import GOST_2015_512
from tests.pki import Key

#: Signatures, each by another person; a batch has them all.
COUNT = 200
WORKERS, TURNS, SECONDS = 2, 3, float(os.environ.get("BENCH_SECONDS", "5"))
_PATH = "/ncanode3/cms/verify"
_KINDS: dict[str, Callable[[str], Key]] = {
    "RSA-2048": pki.rsa_key,
    "GOST R 34.10-2015 512": lambda name: pki.gost_key(name, GOST_2015_512),
}
#: Sends each line of a file once in turn.
_LUA = """
local bodies = {{}}
for line in io.lines("{file}") do bodies[#bodies + 1] = line end
local number = 0
request = function()
  number = number % #bodies + 1
  return wrk.format("POST", "{path}", {{["Content-Type"] = "application/json"}}, bodies[number])
end
"""


@dataclass(frozen=True, slots=True)
class _Run:
    """What was done: signatures verified in a second, and milliseconds of CPU time for each."""

    per_second: float
    cpu: float


def print_ncanode3() -> None:
    """Print the table."""
    print(f"Verifications a second, and ms of CPU time for each; {WORKERS} processes or workers:\n")
    print(
        "| signature, with chain and timestamp | library | one by one | in batches | of library |"
    )
    print("|---|---|---|---|---|")
    for name, make_key in _KINDS.items():
        authorities = Authorities.found(make_key, "KZ")
        texts = [authorities.sign(f"КАСЫМОВ {number}") for number in range(COUNT)]
        library = _median(partial(_verify_by_library, authorities, texts))
        with _serving(authorities, WORKERS) as server:
            runs = [_median(partial(ask, server, texts)) for ask in (_ask_singly, _ask_many)]
        with _serving(authorities, 1) as server:
            alone = _median(partial(_ask_many, server, texts))
        cells = [f"{one.per_second:.0f}, {one.cpu:.2f}" for one in (library, *runs)]
        shares = ", ".join(f"{100 * library.cpu / one.cpu:.0f} %" for one in runs)
        print(f"| {name} | {' | '.join(cells)} | {shares} |", flush=True)
        gain = runs[1].per_second / alone.per_second
        print(f"| the same, batches by one worker | | | {alone.per_second:.0f} | x {gain:.2f} |")
    print()


def _median(run: Callable[[], _Run]) -> _Run:
    runs = [run() for _ in range(TURNS)]
    return _Run(median(one.per_second for one in runs), median(one.cpu for one in runs))


@contextmanager
def _serving(authorities: Authorities, workers: int) -> Iterator[WebServer]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.sqlite3"
        with opened(url) as engine:
            upgrade(engine)
        settings = {
            "TRUST_DIR": str(people.trust(Path(folder) / "trust", authorities.root)),
            "WEB_CONCURRENCY": str(workers),
            "CPU_LIMIT": "off",
        }
        with WebServer("wsgi:app", url, "/health/live", settings) as server:
            yield server


def _verify_by_library(authorities: Authorities, texts: list[str]) -> _Run:
    """Verify by the library, in several processes at once."""
    work = partial(_verify_all, authorities.root.certificate, texts)
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(work, [0.2] * WORKERS))
        runs = list(pool.map(work, [SECONDS] * WORKERS))
    return _Run(sum(one.per_second for one in runs), median(one.cpu for one in runs))


def _verify_all(root: bytes, texts: list[str], seconds: float) -> _Run:
    verifier = Verifier([read_certificate(root)])
    began, computed, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() < began + seconds:
        (status,) = verifier.verify(parse(texts[done % len(texts)]), at=AT)
        if (status.valid.answer, status.path.answer) != (Answer.YES, Answer.YES):
            raise RuntimeError(f"what is measured doesn't verify: {status}")
        done += 1
    cpu = 1000 * (time.process_time() - computed) / done
    return _Run(done / (time.perf_counter() - began), cpu)


def _ask_singly(server: WebServer, texts: list[str]) -> _Run:
    """Send one signature after the other, by several connections."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({"cms": text}) + "\n" for text in texts)
        file.flush()
        computed = server.cpu_seconds()
        load = drive(server, _LUA.format(file=file.name, path=_PATH), SECONDS)
    spent = server.cpu_seconds() - computed
    return _Run(load.per_second, 1000 * spent / (load.per_second * SECONDS))


def _ask_many(server: WebServer, texts: list[str]) -> _Run:
    """Send all signatures in one batch, and that again."""
    body = json.dumps({"items": [{"cms": text} for text in texts]}).encode()
    kind = {"Content-Type": "application/json"}
    request = Request(f"{server.address}{_PATH}/batch", body, kind)  # noqa: S310 - our own server
    done, began, computed = 0, time.perf_counter(), server.cpu_seconds()
    while time.perf_counter() < began + SECONDS:
        with urlopen(request) as response:  # noqa: S310 - as above
            answer = response.read()
        # Parsing it would take the CPU of the server.
        if answer.count(b'"OK","valid":true') != len(texts):
            raise RuntimeError(f"what is measured isn't valid: {answer[:1000]!r}")
        done += len(texts)
    spent = server.cpu_seconds() - computed
    return _Run(done / (time.perf_counter() - began), 1000 * spent / done)
