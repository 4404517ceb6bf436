"""REVOCATION=online: which servers are asked, and which answers count."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from app.cms.revocation.crl_entries import CERTIFICATE_HOLD, REMOVE_FROM_CRL
from app.cms.verdict import Answer
from app.cms.verification.status import SignerStatus
from app.cms.x509.certificate import read_certificate
from app.trust import Trust
from app.trust.online import Inquiry
from app.trust.turns import Busy
from tests import der, gost_signer, pki
from tests.pki import DAY, SHA1, SIGNING_TIME, Holder, Revoked, crl_at, numbered, ocsp_at
from tests.trust.asking import HOUR, LONG_AGO, Responder, ask, crl, now, pem, person, reasons, sign
from tests.trust.serving import HERE, Site

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ROOT, NCA = pki.root(), pki.authority()
OUTDATED = "a CRL or OCSP response about ИВАНОВ ИВАН is valid only until"

pytestmark = pytest.mark.usefixtures("anchored")


def test_a_responder_is_asked(online: Trust, site: Site) -> None:
    responder = Responder(site)
    ivan = person(ocsp_at(responder.url))
    status = ask(online, ivan)
    assert (status.path.answer, status.revocation.answer) == (YES, YES)
    assert responder.asked_about == [ivan.serial]
    assert site.headers[0]["Content-Type"] == "application/ocsp-request"


def test_what_the_responder_says_is_the_answer(online: Trust, site: Site) -> None:
    responder = Responder(site)
    responder.status = Revoked(0, LONG_AGO)
    status = ask(online, person(ocsp_at(responder.url)))
    assert status.trusted.answer is NO
    assert "was revoked on 2024-06-01 00:00:00 UTC" in reasons(status)[0]


def test_a_revocation_after_the_decisive_time_does_no_harm(online: Trust, site: Site) -> None:
    responder = Responder(site)
    responder.status = Revoked(0, SIGNING_TIME + HOUR)
    assert ask(online, person(ocsp_at(responder.url))).revocation.answer is YES


def test_a_crl_is_fetched_where_no_responder_answers(online: Trust, site: Site) -> None:
    address = site.serve("/nca.crl")
    ivan, anna = (person(crl_at(address), name=name) for name in ("ИВАНОВ ИВАН", "ПЕТРОВА АННА"))
    site.serve("/nca.crl", crl(NCA, Revoked(anna.serial, LONG_AGO)))
    assert ask(online, ivan).revocation.answer is YES
    assert ask(online, anna).revocation.answer is NO
    assert site.asked == ["GET /nca.crl"]  # Once for both.


def test_a_crl_may_be_published_in_pem(online: Trust, site: Site) -> None:
    address = site.serve("/nca.crl", pem(crl(), "X509 CRL"))
    for _ in range(2):
        assert ask(online, person(crl_at(address))).revocation.answer is YES
    assert site.asked == ["GET /nca.crl"]


def test_the_crl_is_asked_if_the_responder_fails(online: Trust, site: Site) -> None:
    down = site.serve("/ocsp", status=500)
    address = site.serve("/nca.crl", crl())
    status = ask(online, person(ocsp_at(down), crl_at(address)))
    assert (status.revocation.answer, reasons(status)) == (YES, [])
    assert site.asked == ["POST /ocsp", "GET /nca.crl"]


def test_what_the_folder_says_needs_no_question(online: Trust, site: Site, folder: Path) -> None:
    (folder / "nca.crl").write_bytes(crl())
    ivan = person(ocsp_at(Responder(site).url))
    assert ask(online, ivan, at=now() - HOUR / 2).revocation.answer is YES
    assert site.asked == []


def test_the_addresses_that_gave_no_answer_are_listed(online: Trust, site: Site) -> None:
    down = site.serve("/ocsp", status=500)
    page = site.serve("/nca.crl", b"<html>")
    status = ask(online, person(ocsp_at(down), crl_at(page)))
    found = [(one.kind, one.address, str(one.reason)) for one in status.failures]
    assert found == [
        ("ocsp", down, f"{down} did not return what was requested"),
        ("crl", page, f"the response of {page} can't be read"),
    ]
    assert {one.certificate for one in status.failures} == {status.certificate}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: b"", "the response of {url} can't be read"),
        (lambda: b"<html>", "the response of {url} can't be read"),
        (lambda: crl()[:-1], "the response of {url} can't be read"),
        (lambda: crl(forged=True), "a CRL in the name of NCA is not signed by it"),
        (lambda: crl(ROOT), "no CRL or OCSP response about ИВАНОВ ИВАН is at hand"),
        (
            # It covers the decisive time, but what was revoked since is unknown.
            lambda: crl(this_update=SIGNING_TIME - HOUR, next_update=SIGNING_TIME + HOUR),
            f"{OUTDATED} 2025-06-01 13:00:00 UTC",
        ),
    ],
    ids=["nothing", "a page", "damage", "a forgery", "another's", "an old one"],
)
def test_what_does_not_count_leaves_it_unknown(
    online: Trust, site: Site, cache: Path, make: object, why: str
) -> None:
    assert callable(make)
    address = site.serve("/nca.crl", make())
    status = ask(online, person(crl_at(address)))
    assert status.revocation.answer is UNKNOWN
    assert reasons(status)[-1] == why.format(url=address)
    assert not [file for file in cache.iterdir() if file.suffix == ".crl"]
    ask(online, person(crl_at(address)))
    assert len(site.asked) == 1  # It is left alone for a while.


def test_a_responder_that_knows_nothing_leaves_it_unknown(online: Trust, site: Site) -> None:
    responder = Responder(site)
    ivan = person(ocsp_at(responder.url))
    for status, more in (
        ("unknown", {}),
        ("good", {"forged": True}),
        ("good", {"this_update": LONG_AGO, "next_update": None}),
    ):
        responder.status, responder.more = status, more
        trust = Trust(online.folder, online=True, cache=online.cache, destinations=HERE)
        assert ask(trust, ivan).revocation.answer is UNKNOWN
    assert len(site.asked) == 3


@pytest.mark.parametrize("status", [1, 6])
def test_a_responder_that_knows_no_sha_256_is_asked_by_sha_1_once(
    online: Trust, site: Site, status: int
) -> None:
    responder = Responder(site)

    def answer(question: bytes) -> bytes:
        if der.oid(SHA1) not in question:
            return der.sequence(der.enumerated(status))
        responder.digest = SHA1
        return responder.answer(question)

    ivan = person(ocsp_at(site.serve("/old", make=answer)))
    assert ask(online, ivan).revocation.answer is YES
    assert site.asked == ["POST /old"] * 2


@pytest.mark.parametrize(("status", "questions"), [(1, 2), (2, 1), (3, 1), (5, 1), (6, 2)])
def test_a_responder_that_refuses_leaves_it_unknown(
    online: Trust, site: Site, status: int, questions: int
) -> None:
    refusal = der.sequence(der.enumerated(status))
    ivan = person(ocsp_at(site.serve("/ocsp", refusal)))
    assert ask(online, ivan).revocation.answer is UNKNOWN
    assert site.asked == ["POST /ocsp"] * questions


def test_every_link_of_the_chain_is_asked_about(online: Trust, site: Site, folder: Path) -> None:
    responders = {
        holder: Responder(site, path, holder) for path, holder in (("/r", ROOT), ("/n", NCA))
    }
    (folder / "nca.pem").unlink()
    (folder / "root.pem").write_bytes(pem(ROOT.certificate))
    extensions = (*pki.AUTHORITY, ocsp_at(responders[ROOT].url))
    middle = pki.certify(NCA.subject, NCA.key, ROOT, extensions)
    ivan = person(ocsp_at(responders[NCA].url), by=middle)
    signature = sign(ivan, middle)
    [status] = online.verify(signature, at=SIGNING_TIME, fetch=True)
    assert status.trusted.answer is YES
    assert (responders[ROOT].asked_about, responders[NCA].asked_about) == (
        [middle.serial],
        [ivan.serial],
    )
    responders[ROOT].status = Revoked(0, LONG_AGO)
    fresh = Trust(folder, online=True, cache=folder, destinations=HERE)
    [status] = fresh.verify(signature, at=SIGNING_TIME, fetch=True)
    assert status.trusted.answer is NO


def test_a_timestamp_counts_no_more_if_its_authority_is_revoked(online: Trust, site: Site) -> None:
    responder = Responder(site)
    stamper = pki.certify(
        pki.name("TSA"), pki.rsa_key("TSA"), NCA, (*pki.STAMPER, ocsp_at(responder.url))
    )
    ivan = person()
    value = pki.signature_of(pki.signer_info(ivan))
    token = der.attribute(pki.TIMESTAMP, pki.timestamp(value, by=stamper))
    info = pki.signer_info(ivan, unsigned=[token], signature=value)
    signature = pki.read(pki.signed_data([info], [ivan]))
    later = SIGNING_TIME + HOUR
    [status] = online.verify(signature, at=later, fetch=False)
    assert status.decisive_time_source == "timestamp"
    responder.status = Revoked(0, LONG_AGO)
    [status] = online.verify(signature, at=later, fetch=True)
    assert responder.asked_about == [stamper.serial]
    assert (status.decisive_time, status.decisive_time_source) == (later, "given")


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("age", "asked"), [(DAY, True), (timedelta(minutes=9), False), (-HOUR, False)]
)
def test_what_a_sender_chose_long_before_a_timestamp_is_not_all_there_is_to_know(
    online: Trust, site: Site, age: timedelta, asked: bool
) -> None:
    """A revoked signer brings a CRL of before, a timestamp, and what is fresh of the TSA."""
    responder = Responder(site)
    responder.status = Revoked(0, SIGNING_TIME - HOUR)
    ivan = person(ocsp_at(responder.url))
    value = pki.signature_of(pki.signer_info(ivan))
    token = der.attribute(pki.TIMESTAMP, pki.timestamp(value))
    info = pki.signer_info(ivan, unsigned=[token], signature=value)
    until = now() + HOUR
    brought = pki.crl(NCA, this_update=SIGNING_TIME - age, next_update=until)
    tsa = pki.stamper().serial
    of_tsa = pki.ocsp(NCA, tsa, this_update=SIGNING_TIME, next_update=until)
    response = der.explicit(1, der.oid("1.3.6.1.5.5.7.16.2"), of_tsa)
    signature = pki.read(pki.signed_data([info], [ivan], revocation=[brought, response]))
    [status] = online.verify(signature, at=now(), fetch=True)
    assert status.decisive_time_source == "timestamp"
    assert status.trusted.answer is (NO if asked else YES)
    assert responder.asked_about == [ivan.serial] * asked


def test_a_bare_certificate_is_asked_about(online: Trust, site: Site) -> None:
    responder = Responder(site)
    certificate = read_certificate(person(ocsp_at(responder.url)).certificate)
    path, revocation = online.verify_certificate(certificate, at=SIGNING_TIME)
    assert (path.answer, revocation.answer) == (YES, UNKNOWN)
    assert site.asked == []
    path, revocation = online.verify_certificate(certificate, at=SIGNING_TIME, fetch=True)
    assert (path.answer, revocation.answer) == (YES, YES)
    dead = read_certificate(person(crl_at(site.url("/none"))).certificate)
    _, revocation = online.verify_certificate(dead, at=SIGNING_TIME, fetch=True)
    assert str(revocation.reasons[-1]).endswith("/none did not return what was requested")


@pytest.mark.parametrize("kind", [gost_signer.GOST_2015_512, gost_signer.GOST_2004])
def test_authorities_with_gost_keys_are_asked_too(
    online: Trust, site: Site, folder: Path, kind: gost_signer.Kind
) -> None:
    authority = pki.root(f"GOST {kind.signature}", pki.gost_key("authority", kind))
    (folder / "gost.pem").write_bytes(pem(authority.certificate))
    responder = Responder(site, by=authority)
    assert ask(online, person(ocsp_at(responder.url), by=authority)).trusted.answer is YES
    address = site.serve("/crl", crl(authority))
    assert ask(online, person(crl_at(address), by=authority)).trusted.answer is YES


def test_a_responder_must_repeat_the_nonce(online: Trust, site: Site) -> None:
    """RFC 9654: an answer without our nonce may be an old one, sent again."""
    responder = Responder(site)
    ivan = person(ocsp_at(responder.url))
    responder.repeats_nonce = False
    status = ask(online, ivan)
    assert status.revocation.answer is UNKNOWN
    assert reasons(status)[-1] == f"{responder.url} does not repeat the nonce"
    anna = person(ocsp_at(Responder(site, "/other").url), name="АННА")
    responder.more = {"extensions": [pki.extension("1.3.6.1.5.5.7.48.1.2", der.octets(bytes(16)))]}
    assert ask(online, anna).revocation.answer is YES
    assert [len(nonce) for nonce in responder.nonces] == [16]


def lists(base: bytes, delta: bytes, site: Site) -> Holder:
    """Publish a complete CRL and a delta, and issue a certificate that names both."""
    return person(
        crl_at(site.serve("/nca.crl", base)), crl_at(site.serve("/nca_d.crl", delta), delta=True)
    )


def test_a_delta_crl_is_fetched_beside_its_base(online: Trust, site: Site) -> None:
    serial = person(crl_at(site.url("/nca.crl")), crl_at(site.url("/nca_d.crl"), delta=True)).serial
    held = Revoked(serial, LONG_AGO, CERTIFICATE_HOLD)
    lifted = Revoked(serial, LONG_AGO, REMOVE_FROM_CRL)
    base = crl(None, held, extensions=numbered(7))
    delta = crl(None, lifted, this_update=now(), extensions=numbered(9, base=7))
    ivan = lists(base, delta, site)
    assert ivan.serial == serial
    moment = now()
    assert ask(online, ivan, at=moment).revocation.answer is YES
    assert site.asked == ["GET /nca.crl", "GET /nca_d.crl"]
    assert ask(online, ivan, at=moment).revocation.answer is YES
    assert len(site.asked) == 2  # Both are kept.


@pytest.mark.parametrize(
    "extensions",
    [
        numbered(9, base=6, scope=b"another"),
        numbered(9),  # A complete list at a delta's address is none to begin with.
        [*numbered(9), pki.extension("2.5.29.46", der.sequence(), critical=True)],
    ],
    ids=["another scope", "complete", "critical freshestCRL"],
)
def test_what_is_no_delta_of_the_base_changes_nothing(
    online: Trust, site: Site, extensions: list[bytes]
) -> None:
    serial = person(crl_at(site.url("/nca.crl")), crl_at(site.url("/nca_d.crl"), delta=True)).serial
    base = crl(None, Revoked(serial, LONG_AGO, CERTIFICATE_HOLD), extensions=numbered(7))
    other = crl(this_update=now(), extensions=extensions)
    ivan = lists(base, other, site)
    for _ in range(2):
        assert ask(online, ivan, at=now()).revocation.answer is NO
    assert site.asked == ["GET /nca.crl", "GET /nca_d.crl"]  # It is left alone for a while.


def test_a_delta_crl_shows_that_there_is_a_newer_base(online: Trust, site: Site) -> None:
    serial = person(crl_at(site.url("/nca.crl")), crl_at(site.url("/nca_d.crl"), delta=True)).serial
    ivan = lists(crl(extensions=numbered(7)), b"", site)
    assert ask(online, ivan, at=now()).revocation.answer is YES
    online._inquiry = Inquiry(online.cache, HERE, online.turns)  # Which remembers no failures.
    site.serve("/nca.crl", crl(None, Revoked(serial, LONG_AGO), extensions=numbered(8)))
    site.serve("/nca_d.crl", crl(this_update=now(), extensions=numbered(9, base=8)))
    site.asked.clear()
    for _ in range(2):
        assert ask(online, ivan, at=now()).revocation.answer is NO
    assert site.asked == ["GET /nca_d.crl", "GET /nca.crl"]


def test_a_newer_base_is_not_requested_over_and_over(online: Trust, site: Site) -> None:
    base, delta = crl(extensions=numbered(7)), crl(extensions=numbered(9, base=8))
    ivan = lists(base, delta, site)
    for _ in range(2):
        assert ask(online, ivan, at=now()).revocation.answer is YES
    assert site.asked == ["GET /nca.crl", "GET /nca_d.crl", "GET /nca.crl"]


@pytest.mark.parametrize(
    "extensions",
    [
        numbered(9, base=8),  # Of a base that isn't at hand.
        [*numbered(9), pki.extension("2.5.29.46", der.sequence(), critical=True)],
    ],
    ids=["another base", "critical freshestCRL"],
)
def test_what_is_no_delta_of_the_base_can_accuse(
    online: Trust, site: Site, extensions: list[bytes]
) -> None:
    serial = person(crl_at(site.url("/nca.crl")), crl_at(site.url("/nca_d.crl"), delta=True)).serial
    delta = crl(None, Revoked(serial, LONG_AGO), this_update=now(), extensions=extensions)
    ivan = lists(crl(extensions=numbered(7)), delta, site)
    asked = 0
    for _ in range(2):
        assert ask(online, ivan, at=now()).revocation.answer is NO
        asked = asked or len(site.asked)
    assert len(site.asked) == asked


def test_what_an_outdated_delta_crl_said_is_not_forgotten(online: Trust, site: Site) -> None:
    serial = person(crl_at(site.url("/nca.crl")), crl_at(site.url("/nca_d.crl"), delta=True)).serial
    listed = Revoked(serial, LONG_AGO)
    delta = crl(None, listed, this_update=now(), extensions=numbered(9, base=7))
    ivan = lists(crl(extensions=numbered(7)), delta, site)
    assert ask(online, ivan, at=now()).revocation.answer is NO
    old = {"this_update": now() - HOUR, "next_update": now() - HOUR / 2}
    [file] = [one for one in online.cache.glob("*.crl") if one.read_bytes() == delta]
    file.write_bytes(crl(None, listed, **old, extensions=numbered(9, base=7)))
    assert ask(online, ivan, at=now(), fetch=False).revocation.answer is NO
    site.serve("/nca_d.crl", status=503)
    assert ask(online, ivan, at=now()).revocation.answer is NO
    assert site.asked[-1] == "GET /nca_d.crl"  # A newer one was asked for.


def test_a_delta_crl_brings_an_outdated_base_up_to_date(online: Trust, site: Site) -> None:
    base = crl(extensions=numbered(7))
    ivan = lists(base, crl(this_update=now(), extensions=numbered(9, base=7)), site)
    assert ask(online, ivan, at=now()).revocation.answer is YES
    [file] = [one for one in online.cache.glob("*.crl") if one.read_bytes() == base]
    old = {"this_update": now() - 2 * HOUR, "next_update": now() - HOUR}
    file.write_bytes(crl(None, **old, extensions=numbered(7)))
    site.asked.clear()
    assert ask(online, ivan, at=now()).revocation.answer is YES
    assert site.asked == []


def test_a_complete_crl_may_name_where_its_delta_is(online: Trust, site: Site) -> None:
    point = crl_at(site.url("/nca_d.crl"), "ldap://nowhere/", delta=True)
    base = crl(extensions=[*numbered(7), point])
    ivan = person(crl_at(site.serve("/nca.crl", base)))
    listed = Revoked(ivan.serial, LONG_AGO)
    site.serve("/nca_d.crl", crl(None, listed, extensions=numbered(9, base=7)))
    assert ask(online, ivan, at=now()).revocation.answer is NO
    assert site.asked == ["GET /nca.crl", "GET /nca_d.crl"]


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Limit the size of files, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_list_that_can_not_be_written_leaves_it_unknown(online: Trust, site: Site) -> None:
    listed = [Revoked(2**64 + number, LONG_AGO) for number in range(5000)]
    address = site.serve("/nca.crl", crl(None, *listed))
    with small_files(1000):
        status = ask(online, person(crl_at(address)))
    assert status.revocation.answer is UNKNOWN
    assert reasons(status)[-1] == f"the response of {address} can't be written: File too large"
    assert not list(online.cache.glob("*.crl"))


@pytest.mark.parametrize("kind", ["ocsp", "crl"])
def test_others_verify_while_someone_is_asked(online: Trust, site: Site, kind: str) -> None:
    responder = Responder(site)
    found: list[SignerStatus] = []
    other = sign(person(name="ПЕТРОВА АННА"))

    def answer(question: bytes) -> bytes:
        # In the thread of the responder, while ours waits for it.
        found.extend(online.verify(other, at=now()))
        return responder.answer(question) if kind == "ocsp" else crl()

    address = site.serve("/slow", make=answer)
    who = person(ocsp_at(address) if kind == "ocsp" else crl_at(address))
    assert ask(online, who).revocation.answer is YES
    assert [status.path.answer for status in found] == [YES]
    assert online.turns._thread is None


def test_a_request_that_gets_no_turn_after_the_answer_is_refused(online: Trust, site: Site) -> None:
    online.turns.patience = 0.0
    go, has_it = Event(), Event()

    def verify() -> None:
        with online.turns.take():
            has_it.set()
            go.wait(60)

    other = Thread(target=verify)

    def answer(_question: bytes) -> bytes:
        other.start()
        assert has_it.wait(60)
        return b""

    who = person(ocsp_at(site.serve("/slow", make=answer)))
    with pytest.raises(Busy):
        ask(online, who)
    go.set()
    other.join(60)
    assert online.turns._thread is None
