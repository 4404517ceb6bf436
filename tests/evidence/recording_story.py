"""Run as a program: makes trees of evidence records, without an end, until it is killed.

Arguments: DATABASE_URL, the addresses of a timestamp authority, and the folder of anchors. It
prints a line when it begins.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from sqlalchemy import Engine

from app.evidence.network import Network
from app.evidence.recording import Recorder, clock
from app.evidence.revocation import RevocationSource
from app.evidence.stamping import NoTimestamp, Stamper
from app.evidence.tree_stamping import TreeStamper
from app.store.evidence import drafts
from app.trust import Trust
from tests.conftest import opened
from tests.trust.serving import HERE

#: Leaves of a tree, versions of a transaction, and seconds of a lease.
LEAVES, STEP, LEASE = 20, 3, 0.3


def recorder(engine: Engine, address: str, folder: str) -> Recorder:
    """Return what makes trees here."""
    trust = Trust(Path(folder), online=False, cache=Path(folder, "cache"))
    network = Network(engine, HERE, 5)
    stamper = Stamper(network, (address,))
    return Recorder(engine, TreeStamper(trust, stamper, RevocationSource(network), clock))


def main(url: str, address: str, folder: str) -> None:
    """Make trees until the end."""
    drafts.MAX_LEAVES, drafts.STEP, drafts.LEASE = LEAVES, STEP, LEASE  # type: ignore[misc] # smaller than usual
    with opened(url) as engine:
        made = recorder(engine, address, folder)
        print("ready", flush=True)  # noqa: T201 - for the test that started it
        while True:
            try:
                made.record()
            except NoTimestamp:
                time.sleep(LEASE)


if __name__ == "__main__":
    main(*sys.argv[1:])
