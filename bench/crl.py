"""The cost of CRLs as large as the NCA's: 422,000 entries, mapped and sorted once."""

from __future__ import annotations

import tempfile
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from app.cms.parsing import parse
from app.cms.path.occasions import Occasion
from app.cms.revocation.checking import RevocationData, check_revocation
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import Certificate, read_certificate
from app.trust.crl_files import open_list
from tests import pki
from tests.gost_signer import GOST_2015_512
from tests.pki import Holder

ENTRIES = 422_065
GOALS = ("2 s", "0.2 s", "1 ms", "5 MB", "100 ms")


def print_lists() -> None:
    """Print a table for a CRL signed with RSA and one with GOST."""
    print(f"A CRL of {ENTRIES:,} entries, in one process:\n")
    print("| signed with | MB | first check after a refresh, s | first in another worker, s "
          "| each further one, ms | memory of its own, MB | p99 of others, ms |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for name, issuer in (
        ("RSA-2048", pki.authority()),
        ("GOST R 34.10-2015 512", pki.root("GOST", pki.gost_key("crl", GOST_2015_512))),
    ):
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {name} | {_measure(issuer, Path(folder) / 'nca.crl')} |", flush=True)
    print(f"| aim | | {' | '.join(GOALS)} |\n", flush=True)


def _measure(issuer: Holder, file: Path) -> str:
    now = datetime.now(UTC)
    until = now + timedelta(hours=27)
    file.write_bytes(pki.large_crl(issuer, ENTRIES, this_update=now, next_update=until))
    people = [
        pki.certify(pki.name(f"P{number}"), pki.rsa_key("P"), issuer, pki.PERSON)
        for number in range(100)
    ]
    chains = [[read_certificate(who.certificate), read_certificate(issuer.certificate)]
              for who in people]  # fmt: skip
    when = Occasion.of(now)
    before = _own_memory()
    with _others() as times:
        first, _ = _open(file, chains[0], when)
    again, data = _open(file, chains[0], when)
    further = median(_timed(partial(check_revocation, chain, when, [data])) for chain in chains[1:])
    grown = (_own_memory() - before) / 1e6
    size = file.stat().st_size / 1e6
    p99 = 1000 * quantiles(times, n=100)[-1]
    return (
        f"{size:.1f} | {first:.2f} | {again:.2f} | {1000 * further:.3f} | {grown:.1f} | {p99:.1f}"
    )


def _open(file: Path, chain: Sequence[Certificate], when: Occasion) -> tuple[float, RevocationData]:
    """Map a list, and check a certificate against it; return the seconds that this takes."""
    began = perf_counter()
    data = RevocationData([open_list(file, file.parent)])
    if check_revocation(chain, when, [data]).answer is not Answer.YES:
        raise RuntimeError("what is measured doesn't hold")
    return perf_counter() - began, data


@contextmanager
def _others() -> Iterator[list[float]]:
    """Verify a signature now and then in another thread; return the seconds of each."""
    times: list[float] = []
    over = threading.Event()
    signature = b64encode(pki.sign(pki.person()).der).decode()
    verifier = Verifier([read_certificate(pki.root().certificate)])

    def work() -> None:
        while not over.wait(0.005):
            times.append(_timed(lambda: verifier.verify(parse(signature), at=datetime.now(UTC))))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


def _timed(action: Callable[[], object]) -> float:
    began = perf_counter()
    action()
    return perf_counter() - began


def _own_memory() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024
