"""Evidence is obtained of real services on this machine, kept, and enough by itself later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from app.cms import (
    Answer,
    CertificateList,
    Occasion,
    SignerStatus,
    Verifier,
    parse,
    read_embedded_certificate,
)
from app.evidence.kept import kept_of
from app.evidence.network import Network
from app.evidence.obtaining import Obtainer
from app.evidence.revocation import RevocationSource
from app.evidence.stamping import Stamper
from app.evidence.worker import Worker
from app.store.database.engine import saving
from app.store.evidence import circuits, jobs, sweeping
from app.store.evidence.reading import Evidence, read_evidence
from app.store.models import EvidenceBlob
from app.store.signatures.extraction import read_text
from app.store.signatures.large_texts import Key
from app.store.signatures.writing import NewVersion, save_version
from app.trust import Trust
from tests import pki
from tests.conftest import EngineMaker
from tests.evidence.services import Services, now, running
from tests.pki import Revoked
from tests.store.threads import delete
from tests.trust.serving import HERE

LATER = datetime(2055, 1, 1, tzinfo=UTC)


@pytest.fixture(name="services")
def run_services() -> Iterator[Services]:
    with running() as services:
        yield services


@pytest.fixture(name="engine")
def engine_of_database(database_url: str, open_engine: EngineMaker) -> Engine:
    return open_engine(database_url)


@pytest.fixture(name="trust")
def trust_of_services(services: Services, tmp_path: Path) -> Trust:
    folder = services.trust(tmp_path / "trust")
    return Trust(folder, online=False, cache=tmp_path / "cache")


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

    def work(self) -> int:
        return sum(self.worker.work())

    def evidence(self, key: Key) -> Evidence:
        with self.engine.connect() as connection:
            return read_evidence(connection, key)

    def reasons(self, key: Key) -> str:
        """Return why a version is pending, as it is stored."""
        evidence = self.evidence(key)
        assert evidence.state == "pending"
        assert evidence.job is not None
        return str(evidence.job.reason)


@pytest.fixture(name="office")
def open_office(engine: Engine, trust: Trust, services: Services) -> Office:
    return Office(engine, trust, services.site.url("/tsp"))


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


def test_a_signature_gets_its_evidence_and_is_trusted_in_2055(
    office: Office, services: Services
) -> None:
    cms = services.sign()
    key = office.save(cms)
    assert office.work() == 1
    evidence = office.evidence(key)
    assert evidence.state == "complete", office.reasons(key)
    kinds = sorted(item.kind for item in evidence.items)
    assert kinds == ["certificate"] * 3 + ["crl", "ocsp", "ocsp", "timestamp"]
    [state] = evidence.states
    assert state.card
    assert state.gen_time is not None
    assert abs(state.gen_time - now()) < timedelta(minutes=1)
    status = verify_later(cms, evidence, services)
    assert status.path.answer is Answer.YES, status.path
    assert status.revocation.answer is Answer.YES, status.revocation
    assert status.decisive_time_source == "timestamp"
    nothing = verify_later(cms, Evidence((), (), None), services)
    assert nothing.trusted.answer is not Answer.YES
    assert office.work() == 0


def test_a_detached_signature_of_several_days_is_stamped_with_the_time_of_now(
    office: Office, services: Services
) -> None:
    cms = services.sign(attached=False)
    key = office.save(cms)
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert verify_later(cms, evidence, services).trusted.answer is Answer.YES


def test_without_an_authority_it_is_pending(
    engine: Engine, trust: Trust, services: Services
) -> None:
    office = Office(engine, trust)
    key = office.save(services.sign())
    assert office.work() == 1
    assert "no timestamp authority is set up" in office.reasons(key)


def test_without_an_anchor_it_is_pending(
    engine: Engine, services: Services, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    trust = Trust(tmp_path / "none", online=False, cache=tmp_path / "cache")
    office = Office(engine, trust, services.site.url("/tsp"))
    key = office.save(services.sign())
    office.work()
    assert "fits is at hand" in office.reasons(key)
    assert not services.site.asked


@pytest.mark.parametrize("bit", [0, 2, 5, 15, 16])
def test_a_final_refusal_makes_it_impossible(office: Office, services: Services, bit: int) -> None:
    services.instead["tsp"] = services.refusal(bit)
    key = office.save(services.sign())
    office.work()
    [state] = office.evidence(key).states
    assert state.state == "impossible"
    assert "refuses" in str(state.reason)


@pytest.mark.parametrize("bit", [14, 17, 25])
def test_a_refusal_for_now_leaves_it_pending(office: Office, services: Services, bit: int) -> None:
    services.instead["tsp"] = services.refusal(bit)
    key = office.save(services.sign())
    office.work()
    assert "refuses" in office.reasons(key)
    services.instead.clear()
    with office.engine.connect() as connection:
        jobs.retry_now(connection)
    office.work()
    assert office.evidence(key).state == "complete"


@pytest.mark.parametrize("answer", [b"", b"<html>", b"x" * 100_000])
@pytest.mark.parametrize("service", ["tsp", "ocsp"])
def test_an_answer_that_cannot_be_read_is_not_kept(
    office: Office, services: Services, service: str, answer: bytes
) -> None:
    services.site.answers.pop("/nca.crl")
    services.instead[service] = answer
    key = office.save(services.sign())
    office.work()
    assert office.reasons(key)
    kinds = [item.kind for item in office.evidence(key).items]
    assert kinds == ([] if service == "tsp" else ["timestamp"])


def test_a_token_is_asked_for_once_whatever_happens_afterwards(
    office: Office, services: Services
) -> None:
    services.instead["ocsp"] = b"nothing"
    services.site.answers.pop("/nca.crl")
    key = office.save(services.sign())
    office.work()
    assert [item.kind for item in office.evidence(key).items] == ["timestamp"]
    services.instead.clear()
    with office.engine.connect() as connection:
        jobs.retry_now(connection)
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert services.site.asked.count("POST /tsp") == 1


def test_a_crl_serves_where_the_responder_is_silent(office: Office, services: Services) -> None:
    services.site.answers.pop("/ocsp")
    services.serve_lists()
    cms = services.sign()
    key = office.save(cms)
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    [state] = evidence.states
    assert not state.card
    assert "five minutes" in str(state.card_reason)
    assert verify_later(cms, evidence, services).trusted.answer is Answer.YES


def test_a_revoked_signer_is_impossible(office: Office, services: Services) -> None:
    serial = services.person.serial
    services.revoked[serial] = Revoked(serial, now() - timedelta(days=1), 1)
    key = office.save(services.sign())
    office.work()
    [state] = office.evidence(key).states
    assert state.state == "impossible"
    assert "revoked" in str(state.reason)


def test_a_forged_signature_is_impossible_and_nobody_is_asked(
    office: Office, services: Services
) -> None:
    key = office.save(services.sign(signed=b"another"))
    office.work()
    [state] = office.evidence(key).states
    assert state.state == "impossible"
    assert "not what was signed" in str(state.reason)
    assert "POST /tsp" not in services.site.asked


def test_another_clock_is_not_believed(office: Office, services: Services) -> None:
    services.clock = -timedelta(hours=1)
    key = office.save(services.sign())
    office.work()
    assert "clocks" in office.reasons(key)


def test_one_answer_is_stored_once_for_many_versions(office: Office, services: Services) -> None:
    keys = [office.save(services.sign(), f"doc {number}") for number in range(5)]
    assert office.work() == 5
    assert {office.evidence(key).state for key in keys} == {"complete"}
    with office.engine.connect() as connection:
        kinds = connection.execute(select(EvidenceBlob.kind)).scalars().all()
    assert kinds.count("certificate") == 3
    assert kinds.count("crl") == 1


def test_a_host_that_fails_is_left_alone(office: Office, services: Services) -> None:
    services.site.answers.pop("/tsp")
    keys = [office.save(services.sign(), f"doc {number}") for number in range(8)]
    office.work()
    with office.engine.connect() as connection:
        jobs.retry_now(connection)
    office.work()
    assert "left alone" in "".join(map(office.reasons, keys))
    with office.engine.connect() as connection:
        [circuit] = circuits.list_circuits(connection)
    assert circuit.open_until is not None


def test_what_is_no_cms_ends_at_once(office: Office) -> None:
    for text in ("no signature", pki.sign_xml()):
        key = office.save(text, text[:10])
        office.work()
        assert office.evidence(key).state == "impossible"


def test_evidence_of_a_deleted_thread_is_deleted_later(
    office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.save(services.sign())
    office.work()
    delete(office.engine)
    assert office.worker.sweep() == 0  # It may be saved again.
    monkeypatch.setattr(sweeping, "FRESH", -10.0)
    assert office.worker.sweep() == 7
    with office.engine.connect() as connection:
        assert connection.execute(select(EvidenceBlob.kind)).all() == []


def test_what_was_answered_does_not_pile_up_while_a_version_is_pending(
    office: Office, services: Services
) -> None:
    services.site.answers.pop("/root.crl")
    key = office.save(services.sign())
    for _ in range(4):
        office.work()
        with office.engine.connect() as connection:
            jobs.retry_now(connection)
    assert [item.kind for item in office.evidence(key).items] == ["timestamp"]


def test_a_response_about_the_authority_alone_makes_no_card(
    office: Office, services: Services
) -> None:
    services.silent.add(services.person.serial)
    key = office.save(services.sign())
    office.work()
    kinds = [item.kind for item in office.evidence(key).items]
    assert "ocsp" in kinds
    [state] = office.evidence(key).states
    assert (state.state, state.card) == ("complete", False)
