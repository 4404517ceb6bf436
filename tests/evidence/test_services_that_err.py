"""Services that are slow, wrong, hostile, revoked or rotated, with RSA and GOST keys."""

from __future__ import annotations

import logging
import mmap
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Engine

from app.cms import (
    MAX_CRL_SIZE,
    Answer,
    CertificateList,
    are_gost_curves_fast,
    read_embedded_certificate,
)
from app.cms.timestamping.terms import RSA_POLICY
from app.destinations import Destinations
from app.evidence import stamping
from app.evidence.lists import Lists
from app.evidence.network import Network, Unavailable
from app.evidence.revocation import Question, RevocationSource
from app.evidence.stamping import Stamper
from app.store.evidence.keeping import MAX_SIZE
from app.store.signatures.large_texts import Key
from app.trust import Trust
from app.trust.sources import Link, Source
from tests import der, pki
from tests.conftest import EngineMaker
from tests.evidence.office import Office, verify_later
from tests.evidence.services import HOUR, Services, now, running
from tests.gost_signer import GOST_2015_512
from tests.memory import forget_peak, peak
from tests.pki import Revoked
from tests.trust.serving import HERE

MB = 1024 * 1024


def gost(name: str) -> pki.Key:
    return pki.gost_key(name, GOST_2015_512)


@pytest.fixture(name="engine")
def engine_of_file(sqlite_url: str, open_engine: EngineMaker) -> Engine:
    return open_engine(sqlite_url)


def open_office(engine: Engine, services: Services, folder: Path) -> Office:
    trust = Trust(services.trust(folder / "trust"), online=False, cache=folder / "cache")
    return Office(engine, trust, services.site.url("/tsp"))


@pytest.fixture(name="office")
def office_of_services(engine: Engine, services: Services, tmp_path: Path) -> Office:
    return open_office(engine, services, tmp_path)


def zeros(size: int) -> bytes:
    """Return as many zeros, which take no memory."""
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    return cast(bytes, mmap.mmap(-1, size, flags=private, prot=mmap.PROT_READ))


# Keys of GOST, and authorities that change.


@pytest.mark.skipif(not are_gost_curves_fast(), reason="it takes minutes in plain Python")
def test_with_gost_keys(engine: Engine, tmp_path: Path) -> None:
    with running(gost) as services:
        office = open_office(engine, services, tmp_path)
        cms = services.sign()
        key = office.save(cms)
        office.work()
        evidence = office.evidence(key)
        assert evidence.state == "complete"
        assert verify_later(cms, evidence, services).trusted.answer is Answer.YES


def test_an_authority_that_changes_its_key_is_followed(office: Office, services: Services) -> None:
    first = office.save(services.sign())
    office.work()
    services.rotate_stamper("TSA of next year")
    second = office.save(services.sign(), "another")
    office.work()
    for key in (first, second):
        evidence = office.evidence(key)
        assert evidence.state == "complete"
        assert verify_later(services.sign(), evidence, services).trusted.answer is Answer.YES


def test_a_revoked_timestamp_authority_proves_nothing(office: Office, services: Services) -> None:
    serial = services.tsa.serial
    services.revoked[serial] = Revoked(serial, now() - timedelta(days=1), 1)
    key = office.save(services.sign())
    office.work()
    # Another may be had later. Nothing of this one is kept.
    assert "was revoked on" in office.reasons(key)
    assert "TSA" in office.reasons(key)
    assert office.evidence(key).items == ()


def test_the_next_authority_is_asked_if_one_was_revoked(
    engine: Engine, services: Services, tmp_path: Path
) -> None:
    former = services.tsa
    services.revoked[former.serial] = Revoked(former.serial, now() - timedelta(days=1), 1)
    services.rotate_stamper("TSA of today")
    services.serve_former("/former", former)
    trust = Trust(services.trust(tmp_path / "trust"), online=False, cache=tmp_path / "cache")
    office = Office(engine, trust, services.site.url("/former"), services.site.url("/tsp"))
    cms = services.sign()
    key = office.save(cms)
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert kinds(office, key).count("timestamp") == 1
    assert verify_later(cms, evidence, services).trusted.answer is Answer.YES


def test_what_was_stamped_by_an_authority_that_is_revoked_later_is_stamped_by_another(
    office: Office, services: Services
) -> None:
    cms = services.sign()
    former, root = services.tsa, services.site.answers.pop("/root.crl")
    services.silent.add(former.serial)
    lists = services.site.answers.pop("/nca.crl")
    key = office.save(cms)
    office.work()
    assert kinds(office, key).count("timestamp") == 1
    # The key of its authority was stolen, which another one follows.
    services.revoked[former.serial] = Revoked(former.serial, now(), 1)
    services.silent.clear()
    services.rotate_stamper("TSA of today")
    office.retry()
    office.work()
    assert "/root.crl" in office.reasons(key)
    assert services.site.asked.count("POST /tsp") == 2
    services.site.answers |= {"/root.crl": root, "/nca.crl": lists}
    office.retry()
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert services.site.asked.count("POST /tsp") == 2
    status = verify_later(cms, evidence, services)
    assert status.trusted.answer is Answer.YES
    assert status.timestamp
    assert status.timestamp.authority
    assert status.timestamp.authority.der == services.tsa.certificate


def sign_and_stamp(services: Services) -> str:
    """Return a signature with a timestamp inside."""
    value = pki.signature_of(pki.signer_info(services.person))
    token = der.attribute(pki.TIMESTAMP, pki.timestamp(value, now(), by=services.tsa))
    info = pki.signer_info(services.person, unsigned=[token], signature=value)
    encoded = pki.signed_data([info], [services.person, services.authority], pki.CONTENT)
    return b64encode(encoded).decode()


def test_a_token_that_came_with_a_signature_may_be_by_an_authority_that_was_revoked(
    office: Office, services: Services
) -> None:
    former = services.tsa
    cms = sign_and_stamp(services)
    services.revoked[former.serial] = Revoked(former.serial, now(), 1)
    services.rotate_stamper("TSA of today")
    key = office.save(cms)
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert kinds(office, key).count("timestamp") == 1
    assert verify_later(cms, evidence, services).trusted.answer is Answer.YES


# Wrong answers.


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("other_nonce", 1, "does not repeat the nonce"),
        ("other_imprint", b"\1" * 32, "message imprint is not the one requested"),
    ],
)
def test_a_token_that_answers_another_request_is_not_kept(
    office: Office, services: Services, name: str, value: object, reason: str
) -> None:
    setattr(services, name, value)
    key = office.save(services.sign())
    office.work()
    assert reason in office.reasons(key)
    assert not office.evidence(key).items


def test_a_token_of_another_policy_than_the_one_requested_is_not_kept(
    office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the services of the NCA, which are asked for a policy.
    monkeypatch.setattr(stamping, "_NCA", "127.0.0.1")
    services.other_policy = "1.2.398.3.3.2.6.1"
    key = office.save(services.sign())
    office.work()
    reason = "has the policy {policy}, not {wanted}"
    assert reason in office.reasons(key)
    assert services.other_policy in office.reasons(key)
    assert RSA_POLICY in office.reasons(key)
    assert not office.evidence(key).items
    services.other_policy = None
    office.retry()
    office.work()
    assert office.evidence(key).state == "complete"


def test_a_token_by_a_stranger_is_not_kept(office: Office, services: Services) -> None:
    stranger = pki.root("STRANGER", pki.rsa_key("stranger"))
    services.tsa = pki.certify(pki.name("TSA"), pki.rsa_key("TSA"), stranger, pki.STAMPER)
    key = office.save(services.sign())
    office.work()
    assert "STRANGER" in office.reasons(key)
    assert not office.evidence(key).items


def test_a_response_without_the_nonce_counts_for_nothing(
    office: Office, services: Services
) -> None:
    services.has_nonce = False
    services.site.answers.pop("/nca.crl")
    key = office.save(services.sign())
    office.work()
    assert "does not repeat the nonce" in office.reasons(key)
    assert [item.kind for item in office.evidence(key).items] == ["timestamp"]


@pytest.mark.parametrize("status", [1, 2, 3, 5, 6])
def test_a_responder_that_refuses_is_replaced_by_the_crl(
    office: Office, services: Services, status: int
) -> None:
    services.instead["ocsp"] = der.sequence(der.enumerated(status))
    key = office.save(services.sign())
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert {item.kind for item in evidence.items} == {"timestamp", "crl", "certificate"}
    # By SHA-1, too, if the responder may not know SHA-256.
    asked = services.site.asked.count("POST /ocsp")
    assert asked == (4 if status in (1, 6) else 2)


@pytest.mark.parametrize("name", ["tsp", "ocsp"])
@pytest.mark.parametrize("status", [303, 403, 500])
def test_another_status_is_no_answer_and_nobody_is_followed_elsewhere(
    office: Office, services: Services, name: str, status: int
) -> None:
    services.site.answers.pop("/nca.crl")
    headers = {"Location": "http://127.0.0.2:1/captive"} if status == 303 else {}
    services.site.serve(f"/{name}", b"portal", status, headers=headers)
    key = office.save(services.sign())
    office.work()
    expected = "redirects to another server" if status == 303 else "did not return what"
    assert expected in office.reasons(key)
    assert "GET /captive" not in services.site.asked


# Slow and large answers.


def test_a_slow_server_is_not_waited_for(engine: Engine, services: Services) -> None:
    services.delays["tsp"] = 5
    network = Network(engine, HERE, 0.3)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        network.fetch(services.site.url("/tsp"), 100, body=b"", kind="text/plain")
    with pytest.raises(Unavailable, match="no time left"):
        network.until(time.monotonic()).fetch(services.site.url("/tsp"), 100)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("path", ["/tsp", "/ocsp", "/nca.crl", "/root.crl"])
def test_an_answer_of_100_megabytes_takes_no_memory(
    office: Office, services: Services, path: str
) -> None:
    assert 100 * MB > MAX_SIZE
    services.site.answers.pop("/ocsp" if path == "/nca.crl" else "/nca.crl")
    services.site.serve(path, zeros(100 * MB))
    key = office.save(services.sign())
    forget_peak()
    began = peak()
    office.work()
    assert peak() - began < 20, "MB"
    assert "answers with more than" in office.reasons(key)


def test_four_threads_with_a_large_crl_each_take_little_memory(
    engine: Engine, services: Services
) -> None:
    size = 250_000  # entries, 10 MB
    begin, end = now() - HOUR, now() + 24 * HOUR
    encoded = pki.large_crl(services.authority, size, this_update=begin, next_update=end)
    for number in range(4):
        services.site.serve(f"/{number}.crl", encoded)
    lists, network = Lists(), Network(engine, HERE, 30)
    found: list[CertificateList] = []

    def get(number: int) -> None:
        source = Source(services.site.url(f"/{number}.crl"), MAX_CRL_SIZE)
        found.append(lists.get(source, network))

    forget_peak()
    began = peak()
    _at_once([partial(get, number) for number in range(4)])
    assert [one.number for one in found] == [None] * 4
    # The mapped files are counted by what was read of them.
    assert peak() - began < 30, "MB"
    _at_once([lambda: get(0)] * 4)
    assert services.site.asked.count("GET /0.crl") == 1


def _at_once(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


def test_lists_are_held_within_limits(
    engine: Engine, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.evidence.lists.MAX_HELD", 0)
    lists, network = Lists(), Network(engine, HERE, 5)
    source = Source(services.site.url("/nca.crl"), MAX_CRL_SIZE)
    for _ in range(2):
        lists.get(source, network)
    assert services.site.asked.count("GET /nca.crl") == 2


def test_who_waits_for_a_list_does_not_wait_for_ever(engine: Engine, services: Services) -> None:
    body = services.site.answers["/nca.crl"].body
    gate = threading.Event()

    def answer(_: bytes) -> bytes:
        gate.wait(5)
        return body

    services.site.serve("/nca.crl", make=answer)
    lists, source = Lists(), Source(services.site.url("/nca.crl"), MAX_CRL_SIZE)
    first = threading.Thread(target=lists.get, args=(source, Network(engine, HERE, 5)))
    first.start()
    while not services.site.asked:
        time.sleep(0.01)
    with pytest.raises(Unavailable, match="in time"):
        lists.get(source, Network(engine, HERE, 0.1))
    gate.set()
    first.join()
    assert lists.get(source, Network(engine, HERE, 5)).next_update


def test_a_crl_in_pem_serves_and_is_kept_in_der(office: Office, services: Services) -> None:
    encoded = services.site.answers["/root.crl"].body
    services.site.serve("/root.crl", pki.pem(encoded, "X509 CRL").encode())
    key = office.save(services.sign())
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert [item.data for item in evidence.items if item.kind == "crl"] == [encoded]


@pytest.mark.parametrize("body", [b"", b"-----BEGIN X509 CRL-----\n", b"\x30\x03\x02\x01\x01"])
def test_a_crl_that_cannot_be_read_is_told(office: Office, services: Services, body: bytes) -> None:
    services.site.serve("/root.crl", body)
    key = office.save(services.sign())
    office.work()
    assert "can't be read" in office.reasons(key)


# Delta CRLs.


@pytest.fixture(name="delta_services")
def run_delta_services() -> Iterator[Services]:
    with running(has_delta=True) as services:
        services.site.answers.pop("/ocsp")
        services.serve_delta()
        yield services


def kinds(office: Office, key: Key) -> list[str]:
    return [item.kind for item in office.evidence(key).items]


def test_a_delta_crl_is_kept_beside_its_base(
    engine: Engine, delta_services: Services, tmp_path: Path
) -> None:
    services = delta_services
    office = open_office(engine, services, tmp_path)
    cms = services.sign()
    key = office.save(cms)
    office.work()
    evidence = office.evidence(key)
    assert evidence.state == "complete"
    assert kinds(office, key).count("crl") == 3  # The root's, and two of the authority.
    status = verify_later(cms, evidence, services)
    assert status.trusted.answer is Answer.YES
    decisive = [one.this_update for one in status.findings if one.decides]
    assert max(decisive) > now() - HOUR * 3 / 4, "the delta CRL decides"


def test_a_revocation_in_a_delta_crl_counts(
    engine: Engine, delta_services: Services, tmp_path: Path
) -> None:
    services = delta_services
    serial = services.person.serial
    services.serve_delta(Revoked(serial, now() - timedelta(minutes=40), 1))
    office = open_office(engine, services, tmp_path)
    key = office.save(services.sign())
    office.work()
    [state] = office.evidence(key).states
    assert state.state == "impossible"
    assert "was revoked on" in str(state.reason)


def test_without_a_delta_crl_the_complete_one_counts(
    engine: Engine, delta_services: Services, tmp_path: Path
) -> None:
    services = delta_services
    services.site.serve("/delta.crl", status=500)
    office = open_office(engine, services, tmp_path)
    key = office.save(services.sign())
    office.work()
    assert office.evidence(key).state == "complete"
    assert kinds(office, key).count("crl") == 2


def test_a_delta_crl_of_a_newer_base_leads_to_that(
    engine: Engine, delta_services: Services, tmp_path: Path
) -> None:
    services = delta_services
    office = open_office(engine, services, tmp_path)
    office.save(services.sign())
    office.work()
    asked = services.site.asked.count("GET /nca.crl")
    services.serve_delta(number=9, base=8)
    newer = pki.crl(
        services.authority,
        this_update=now() - HOUR / 2,
        next_update=now() + HOUR,
        extensions=pki.numbered(8, scope=services.authority.key.identifier),
    )
    services.site.serve("/nca.crl", newer)
    # Another worker, with what the first one holds of the base alone.
    office = open_office(engine, services, tmp_path)
    key = office.save(services.sign(), "another")
    office.work()
    assert office.evidence(key).state == "complete"
    assert kinds(office, key).count("crl") == 3
    assert services.site.asked.count("GET /nca.crl") > asked


def test_an_outdated_base_is_downloaded_again(engine: Engine, delta_services: Services) -> None:
    services = delta_services
    source = RevocationSource(Network(engine, HERE, 5))
    link = _link(services)
    first = source.prove(Question(link, now(), of_tsa=False))
    newer = pki.crl(
        services.authority,
        this_update=now() - HOUR / 2,
        next_update=now() + HOUR,
        extensions=pki.numbered(8, scope=services.authority.key.identifier),
    )
    services.site.serve("/nca.crl", newer)
    services.serve_delta(number=9, base=8)
    later = RevocationSource(source.network, source.lists)
    source.lists._held.pop(services.site.url("/delta.crl"))  # its time is over
    second = later.prove(Question(link, now(), of_tsa=False))
    assert not isinstance(first, list)
    assert not isinstance(second, list)
    lists_found = [one.found for one in (first, second)]
    assert [one.number for one in lists_found if isinstance(one, CertificateList)] == [1, 8]


def _link(services: Services) -> Link:
    person = read_embedded_certificate(services.person.certificate)
    authority = read_embedded_certificate(services.authority.certificate)
    assert person
    assert authority
    return person, authority


# Addresses and logs.


def test_private_addresses_are_asked_only_if_they_are_named(
    engine: Engine, services: Services, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trust = Trust(services.trust(tmp_path / "trust"), online=False, cache=tmp_path / "cache")
    office = Office(engine, trust, services.site.url("/tsp"))
    closed = Network(engine, Destinations(), 5)
    obtainer = office.worker.obtainer
    stamper = Stamper(closed, obtainer.stamper.addresses)
    office.use(stamper, RevocationSource(closed))
    key = office.save(services.sign())
    office.work()
    assert "can't be reached" in office.reasons(key)
    # The authority for timestamps is named, the servers of certificates are not.
    office.use(obtainer.stamper, RevocationSource(closed))
    office.retry()
    office.work()
    assert services.site.asked == ["POST /tsp"]
    assert "OUTGOING_ALLOW" in caplog.text


def test_no_number_of_a_person_is_logged(
    office: Office, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    services.instead["ocsp"] = b"nothing"
    serial = services.person.serial
    for document in ("complete", "pending", "revoked"):
        office.save(services.sign(), document)
        office.work()
        services.site.answers.pop("/nca.crl", None)
        services.instead.clear()
        services.revoked[serial] = Revoked(serial, now() - timedelta(days=1), 1)
        office.retry()
    office.save("no signature", "broken")
    office.work()
    assert caplog.text
    assert "900101300017" not in caplog.text


def test_more_than_may_be_kept_is_impossible(
    office: Office, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.evidence.keeping.MAX_ITEMS", 3)
    key = office.save(services.sign())
    office.work()
    [state] = office.evidence(key).states
    assert state.state == "impossible"
    assert "more evidence than is kept" in str(state.reason)
