"""Evidence is obtained of real services on this machine, kept, and enough by itself later."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import ocsp as asn1_ocsp
from sqlalchemy import Engine, select, update

from app.cms import Answer
from app.store.database.engine import transaction
from app.store.evidence import circuits, jobs, sweeping
from app.store.evidence.reading import Evidence
from app.store.models import EvidenceBlob, Version
from app.trust import Trust
from tests import der, pki
from tests.evidence.office import LATER, Office, verify_later
from tests.evidence.services import Services, now
from tests.pki import SHA256, Revoked
from tests.store.threads import delete


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
    office.retry()
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
    office.retry()
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


def test_a_certificate_has_not_ended_because_a_clock_is_a_year_ahead(
    office: Office, services: Services
) -> None:
    """The authority's clock is right, which is a year behind that of this machine."""
    ended = (now() - 400 * pki.DAY, now() - 30 * pki.DAY)
    person = services.person
    services.person = pki.certify(
        pki.name("ИВАНОВ", "900101300017"),
        person.key,
        services.authority,
        (*pki.PERSON, *services._named),
        valid=ended,
    )
    services.clock = -365 * pki.DAY
    key = office.save(services.sign())
    assert office.work() == 1
    assert "the clocks of" in office.reasons(key)
    services.clock = timedelta()
    office.retry()
    office.work()
    assert office.evidence(key).state == "impossible"
    # The next ones need no answer any more.
    services.site.asked.clear()
    other = office.save(services.sign(), "other")
    office.work()
    assert office.evidence(other).state == "impossible"
    assert not services.site.asked


def test_what_was_saved_by_a_clock_that_was_years_ahead_has_its_evidence(
    office: Office, services: Services
) -> None:
    """By the time of its save the certificate of the signer would have ended."""
    key = office.save(services.sign())
    with transaction(office.engine) as connection:
        connection.execute(update(Version).values(created_at=LATER))
    office.work()
    assert office.evidence(key).state == "complete"


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
    office.retry()
    office.work()
    assert "left alone" in "".join(map(office.reasons, keys))
    with office.engine.connect() as connection:
        [circuit] = circuits.list_circuits(connection)
    assert circuit.open_until is not None


def test_what_is_no_signature_ends_at_once(office: Office) -> None:
    key = office.save("no signature")
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


def test_responses_of_an_earlier_attempt_are_kept_and_used_again(
    office: Office, services: Services
) -> None:
    root = services.site.answers.pop("/root.crl")
    key = office.save(services.sign())
    for _ in range(2):
        office.work()
        office.retry()
    kinds = [item.kind for item in office.evidence(key).items]
    assert kinds == ["ocsp", "ocsp", "timestamp"]
    assert services.site.asked.count("POST /ocsp") == 2
    services.site.answers["/root.crl"] = root
    services.site.answers.pop("/ocsp")
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert [state.card for state in evidence.states] == [True]


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


def test_a_near_answer_about_another_certificate_makes_no_card(
    office: Office, services: Services
) -> None:
    def answer(question: bytes) -> bytes:
        request = asn1_ocsp.OCSPRequest.load(question, strict=True)["tbs_request"]
        serial = request["request_list"][0]["req_cert"]["serial_number"].native
        nonces = [one.dump() for one in request["request_extensions"]]
        old, until = now() - timedelta(days=3), now() + timedelta(days=4)
        good = der.implicit(0, b"")
        answers = (
            der.sequence(
                pki.certificate_id(services.authority, serial, SHA256),
                good,
                der.time(old),
                der.explicit(0, der.time(until)),
            ),
            der.sequence(
                pki.certificate_id(services.authority, 999, SHA256), good, der.time(now())
            ),
        )
        basic = pki.basic_response(services.authority, *answers, at=now(), extensions=nonces)
        wrapped = der.sequence(der.oid("1.3.6.1.5.5.7.48.1.1"), der.octets(basic))
        return der.sequence(der.enumerated(0), der.explicit(0, wrapped))

    services.site.serve("/ocsp", make=answer)
    key = office.save(services.sign())
    office.work()
    evidence = office.evidence(key)
    assert [state.card for state in evidence.states] == [False], evidence


def test_what_is_kept_is_enough_when_it_is_tried_again_and_all_services_are_gone(
    office: Office, services: Services
) -> None:
    services.silent.add(services.person.serial)  # So that there is a CRL, too.
    key = office.save(services.sign())
    office.work()
    services.site.answers.clear()
    asked = len(services.site.asked)
    with transaction(office.engine) as connection:
        assert jobs.enqueue(connection, [key], 2, again=True) == 1
    office.work()
    assert office.evidence(key).state == "complete"
    assert len(services.site.asked) == asked


def test_a_response_about_an_authority_serves_all_that_are_stamped_now(
    office: Office, services: Services
) -> None:
    for number in range(3):
        office.save(services.sign(), f"doc {number}")
        office.work()
    # One for each signer, and one for the authority.
    assert services.site.asked.count("POST /ocsp") == 4
