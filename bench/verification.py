"""How long it takes to verify a signature, and to read out of it what is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any

from app.cms import paths
from app.cms.digests import fingerprints
from app.cms.parsing import parse
from app.cms.signed_data import SignedCms
from app.cms.signers import describe
from app.cms.status import Answer
from app.cms.verification import Verifier
from app.cms.x509 import read_certificate
from app.store.signing import read_signing
from tests import der, pki, signing
from tests.builders import SIGNING_TIME
from tests.gost_signer import GOST_2015_512
from tests.pki import Holder, Key

#: Signatures of each kind, none of which was seen before.
SIGNATURES = 30


def print_verification(cms: str) -> None:
    """Print the table."""
    print("| signature, chain and timestamp | first, ms | links known, ms | aim, ms |")
    print("|---|---|---|---|")
    for name, key, aim in (
        ("GOST 34.10-2015, 512 bits", lambda who: pki.gost_key(who, GOST_2015_512), 60),
        ("RSA-2048", pki.rsa_key, 1.5),
    ):
        first, known = _verify(key)
        print(f"| {name} | {first:.2f} | {known:.2f} | {aim} |")
    signature = parse(cms)
    signers = describe(signature)
    print("\n| of a usual signature | microseconds |\n|---|---|")
    for step, work in {
        "parse": lambda: parse(cms),
        "describe the signers": lambda: describe(signature),
        "digests": lambda: fingerprints(signature, signers),
        "all that a save reads": lambda: read_signing(signature, datetime.now(UTC)),
    }.items():
        print(f"| {step} | {1000 * median(_timed(work) for _ in range(500)):.0f} |")
    print(flush=True)


def _verify(key: Callable[[str], Key]) -> tuple[float, float]:
    """Give the milliseconds of a first verification, nothing known, and of later ones; medians."""
    root = pki.certify(pki.name("ROOT"), key("bench root"), None, pki.AUTHORITY)
    nca = pki.certify(pki.name("NCA"), key("bench authority"), root, pki.AUTHORITY)
    person = pki.certify(pki.name("ИВАНОВ ИВАН"), key("bench person"), nca, pki.PERSON)
    stamper = pki.certify(pki.name("TSA"), key("bench stamper"), nca, pki.STAMPER)
    verifier = Verifier([read_certificate(root.certificate)])
    first, known = [], []
    for number in range(SIGNATURES):
        one, other = (
            _sign(person, stamper, nca, content=b"content %d" % n) for n in (number, -number - 1)
        )
        paths.is_issued_by.cache_clear()
        first.append(_timed(partial(_demand_good, verifier, one)))
        known.append(_timed(partial(_demand_good, verifier, other)))
    return median(first), median(known)


def _sign(person: Holder, stamper: Holder, nca: Holder, *, content: bytes) -> SignedCms:
    info = signing.signer_info(person, content)
    value = signing.signature_of(info)
    token = signing.timestamp(value, by=stamper, digest=stamper.key.digest)
    stamped = der.attribute(signing.TIMESTAMP, token)
    info = signing.signer_info(person, content, unsigned=[stamped], signature=value)
    return signing.read(signing.signed_data([info], [person, nca], content))


def _demand_good(verifier: Verifier, signature: SignedCms) -> None:
    """Verify, and see that all that can be known is yes; there is no revocation data."""
    (status,) = verifier.verify(signature, at=SIGNING_TIME)
    assert status.timestamp is not None
    answers = (status.intact, status.valid, status.path, status.timestamp.verdict)
    assert all(verdict.answer is Answer.YES for verdict in answers), answers


def _timed(work: Callable[[], Any]) -> float:
    """Give the milliseconds that some work takes."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
