"""Strangers can't choose the servers that are asked, nor can a server keep us waiting."""

import threading
import time
from pathlib import Path

import pytest

from app.cms import budget
from app.cms.algorithms import registry as algorithms
from app.cms.verdict import Answer
from app.cms.x509.certificate import read_certificate
from app.trust import Trust, sources
from app.trust import online as online_module
from tests import gost_signer, pki
from tests.live.server import wait_until
from tests.pki import SIGNING_TIME, Holder, Revoked, crl_at, ocsp_at
from tests.postgresql import free_port
from tests.trust.asking import HOUR, LONG_AGO, ask, crl, pem, person, reasons, sign
from tests.trust.serving import HERE, Site

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ROOT, NCA = pki.root(), pki.authority()

pytestmark = pytest.mark.usefixtures("anchored")


def test_a_failure_is_reported_and_remembered(online: Trust, site: Site) -> None:
    dead = f"http://127.0.0.1:{free_port()}/ocsp"
    address = site.serve("/nca.crl", status=503)
    for name in ("ИВАНОВ ИВАН", "ПЕТРОВА АННА"):
        status = ask(online, person(ocsp_at(dead), crl_at(address), name=name))
        assert reasons(status) == [
            f"no CRL or OCSP response about {name} is at hand",
            f"{dead} can't be reached",
            f"{address} did not return what was requested",
        ]
    assert site.asked == ["GET /nca.crl"]


def test_addresses_of_other_kinds_are_not_asked(online: Trust, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(crl())
    urls = [f"file://{secret}", "ldap://127.0.0.1/cn=NCA", "ftp://127.0.0.1/nca.crl", "nonsense"]
    status = ask(online, person(crl_at(*urls)))
    assert reasons(status) == ["no CRL or OCSP response about ИВАНОВ ИВАН is at hand"]


def test_only_so_many_addresses_are_tried(online: Trust, site: Site) -> None:
    urls = [site.url(f"/{number}") for number in range(10)]
    ask(online, person(crl_at(*urls[5:]), ocsp_at(*urls[:5])))
    assert site.asked == ["POST /0", "POST /1", "GET /5", "GET /6"]


def strangers(site: Site) -> dict[str, tuple[Holder, Holder]]:
    """Return signers whose certificates name addresses, and who issued them, of no worth to us."""
    addresses = (ocsp_at(site.url("/ocsp")), crl_at(site.url("/crl")))
    other = pki.root("OTHER")
    ivan = person()
    namesake = pki.certify(NCA.subject, pki.rsa_key("forger"), None, pki.AUTHORITY)
    expired = (LONG_AGO - HOUR, LONG_AGO)
    subject, key = pki.name("СИДОРОВ СЕМЁН"), pki.rsa_key("СИДОРОВ СЕМЁН")
    return {
        "of nobody": (person(*addresses, by=other), other),
        "of a namesake": (person(*addresses, by=namesake), namesake),
        "of a person": (person(*addresses, by=ivan), ivan),
        "forged": (
            pki.certify(subject, key, NCA, (*pki.PERSON, *addresses), forged=True),
            NCA,
        ),
        "expired": (
            pki.certify(subject, key, NCA, (*pki.PERSON, *addresses), valid=expired),
            NCA,
        ),
    }


@pytest.mark.parametrize("kind", ["of nobody", "of a namesake", "of a person", "forged", "expired"])
def test_no_server_is_asked_about_a_stranger(online: Trust, site: Site, kind: str) -> None:
    who, issuer = strangers(site)[kind]
    [status] = online.verify(sign(who, issuer), at=SIGNING_TIME, fetch=True)
    assert status.path.answer is not YES
    certificate = read_certificate(who.certificate)
    path, _ = online.verify_certificate(certificate, at=SIGNING_TIME, fetch=True)
    assert path.answer is not YES
    assert site.asked == []


def test_a_crl_with_gost_may_not_be_as_large(
    online: Trust, site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_SLOW_CRL_SIZE", 500)
    slow = algorithms.DIGESTS[algorithms.STREEBOG_512]
    monkeypatch.setitem(budget.SLOW_DIGESTS, slow, (250, 1300))
    sources.list_sources.cache_clear()
    entries = [Revoked(2**64 + number, LONG_AGO) for number in range(20)]
    authority = pki.root("LARGE", pki.gost_key("large", gost_signer.GOST_2015_512))
    (folder / "gost.pem").write_bytes(pem(authority.certificate))
    for by, answer in ((authority, UNKNOWN), (NCA, YES)):
        address = site.serve(f"/{by.serial}", crl(by, *entries))
        status = ask(online, person(crl_at(address), by=by))
        assert status.revocation.answer is answer
        if answer is UNKNOWN:
            assert reasons(status)[-1].endswith("slow without libgcrypt (install libgcrypt20)")


def test_slow_authorities_take_a_bounded_time(
    online: Trust, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online_module, "SECONDS", 0.4)
    released = threading.Event()
    urls = [site.serve(f"/{number}", make=lambda _: wait(released)) for number in range(4)]
    begun = time.monotonic()
    status = ask(online, person(ocsp_at(*urls[:2]), crl_at(*urls[2:])))
    assert time.monotonic() - begun < 1
    assert reasons(status)[1:] == [
        f"{urls[0]} does not answer in time",
        *[f"there was no time left to ask {url}" for url in urls[1:]],
    ]
    released.set()
    # It had little time, and is not to blame.
    assert online._inquiry
    assert online._inquiry._failures.of(urls[0]) is None


def wait(released: threading.Event) -> bytes:
    released.wait(5)
    return b""


def test_a_crl_that_comes_slowly_is_kept_when_it_has_come(
    online: Trust, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the NCA's 21 MB would never be had over a slow line."""
    monkeypatch.setattr(online_module, "SECONDS", 0.3)
    released, encoded = threading.Event(), crl()

    def answer(_: bytes) -> bytes:
        wait(released)
        return encoded

    address = site.serve("/nca.crl", make=answer)
    ivan = person(crl_at(address))
    for trust in (online, Trust(online.folder, online=True, cache=online.cache, destinations=HERE)):
        status = ask(trust, ivan)
        assert status.revocation.answer is UNKNOWN
        assert reasons(status)[-1] == (
            f"{address} is still sending its response, which will be kept: ask again in a minute"
        )
    released.set()
    wait_until(lambda: ask(online, ivan, fetch=False).revocation.answer is YES, "the list is kept")
    assert site.asked == ["GET /nca.crl"]


def test_few_are_requested_at_once(
    online: Trust, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online_module, "PATIENCE", 0.1)
    released, arrived = threading.Event(), threading.Semaphore(0)

    def stall(_: bytes) -> bytes:
        arrived.release()
        return wait(released)

    urls = [site.serve(f"/{number}", make=stall) for number in range(3)]
    people = [person(ocsp_at(url)) for url in urls]
    threads = [threading.Thread(target=ask, args=(online, one)) for one in people[:2]]
    for thread in threads:
        thread.start()
        assert arrived.acquire(timeout=5)
    status = ask(online, people[2])
    assert reasons(status)[-1] == "too many requests for revocation data at once"
    released.set()
    for thread in threads:
        thread.join()
    assert site.asked == ["POST /0", "POST /1"]
    for one in people[1:]:  # Those who are done make room.
        ask(online, one)
    assert site.asked == ["POST /0", "POST /1", "POST /2"]


def test_only_so_many_failures_are_remembered(
    online: Trust, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online_module, "MAX_FAILURES", 2)
    people = [person(crl_at(site.url(f"/{number}"))) for number in range(3)]
    for who in (*people, people[2], people[0]):
        ask(online, who)
    assert site.asked == ["GET /0", "GET /1", "GET /2", "GET /0"]
