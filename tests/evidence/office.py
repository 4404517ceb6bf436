"""A store whose evidence a worker obtains, as the tests use it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Engine

from app.cms import (
    CertificateList,
    Occasion,
    SignerStatus,
    Verifier,
    parse,
    read_embedded_certificate,
)
from app.evidence.network import Network
from app.evidence.obtaining import Obtainer
from app.evidence.revocation import RevocationSource
from app.evidence.stamping import Stamper
from app.evidence.worker import Worker
from app.store.database.engine import saving
from app.store.evidence import jobs
from app.store.evidence.reading import Evidence, read_evidence
from app.store.signatures.extraction import read_text
from app.store.signatures.large_texts import Key
from app.store.signatures.writing import NewVersion, save_version
from app.trust import Trust
from app.trust.kept import kept_of
from tests.evidence.services import Services
from tests.trust.serving import HERE

LATER = datetime(2055, 1, 1, tzinfo=UTC)


class Office:
    """A store whose evidence one worker obtains."""

    def __init__(self, engine: Engine, trust: Trust, *addresses: str) -> None:
        network = Network(engine, HERE, 5)
        obtainer = Obtainer(trust, Stamper(network, addresses), RevocationSource(network))
        self.engine = engine
        self.worker = Worker(engine, obtainer)

    def save(self, cms: str, document: str = "doc") -> Key:
        new = NewVersion(document=document, thread="main", cms=cms)
        with saving(self.engine) as connection:
            saved = save_version(connection, new, read_text(cms), None, new_evidence=2)
        return Key(saved.record.id, saved.record.version)

    def use(self, stamper: Stamper, revocation: RevocationSource) -> None:
        """Ask by other means from now on."""
        obtainer = replace(self.worker.obtainer, stamper=stamper, revocation=revocation)
        self.worker = replace(self.worker, obtainer=obtainer)

    def work(self) -> int:
        return sum(self.worker.work())

    def retry(self) -> None:
        """Make everything in the queue due now."""
        with self.engine.connect() as connection:
            jobs.retry_now(connection)

    def evidence(self, key: Key) -> Evidence:
        with self.engine.connect() as connection:
            return read_evidence(connection, key)

    def reasons(self, key: Key) -> str:
        """Return why a version is pending, as it is stored."""
        evidence = self.evidence(key)
        assert evidence.state == "pending"
        assert evidence.job is not None
        return str(evidence.job.reason)


def verify_later(cms: str, evidence: Evidence, services: Services) -> SignerStatus:
    """Verify in 2055, with the anchor and what is kept, and nothing else."""
    kept = kept_of(evidence.items)
    anchor = read_embedded_certificate(services.root.certificate)
    assert anchor
    verifier = Verifier(
        [anchor],
        intermediates=kept.certificates,
        crls=[one for one in kept.found if isinstance(one, CertificateList)],
        ocsp_responses=[one for one in kept.found if not isinstance(one, CertificateList)],
    )
    when = Occasion(LATER, LATER, now=LATER)
    [status] = verifier.verify(parse(cms), at=when, tokens=kept.tokens)
    return status
