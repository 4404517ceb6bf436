"""Which servers an address in a certificate leads to: no internal one, unless named."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cms.x509.certificate import read_certificate
from app.destinations import Destinations, NotPermitted
from app.trust import Trust
from app.trust.downloads import fetch
from app.trust.errors import FetchFailed
from app.trust.sources import MAX_ADDRESSES, list_sources
from tests import pki
from tests.pki import crl_at
from tests.trust.asking import ask, crl, person, reasons
from tests.trust.serving import HERE, Site

pytestmark = pytest.mark.attacks

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fe80::1%lo",
    "fc00::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_asked(address: str) -> None:
    assert not Destinations().permits("ocsp.example.kz", address)


@pytest.mark.parametrize("address", ["192.124.112.1", "8.8.8.8", "2a00:5da0::1", "::ffff:8.8.8.8"])
def test_what_is_on_the_internet_is_asked(address: str) -> None:
    assert Destinations().permits("ocsp.example.kz", address)


def test_what_is_named_is_asked() -> None:
    named = Destinations(["OCSP.office.lan", "10.1.0.0/16", "::1"])
    assert named.permits("ocsp.office.lan.", "192.168.0.1")
    assert named.permits("other", "10.1.2.3")
    assert named.permits("other", "::ffff:10.1.2.3")
    assert named.permits("other", "::1")
    assert not named.permits("other", "10.2.0.1")
    assert not named.permits("x.ocsp.office.lan", "192.168.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1"])
@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_no_way_to_write_loopback_leads_there(site: Site, host: str, scheme: str) -> None:
    port = site.address.rpartition(":")[2]
    site.serve("/a", b"secret")
    with pytest.raises(FetchFailed, match="can't be reached"):
        fetch(f"{scheme}://{host}:{port}/a", destinations=Destinations(), limit=9, seconds=5)
    assert site.asked == []
    address = f"{scheme}://{host}:{port}/a"
    assert fetch(address, destinations=HERE, limit=9, seconds=5) == b"secret"


def test_a_name_is_looked_up_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it leads to the Internet first, and to this machine next (DNS rebinding)."""
    answers = ["192.0.2.1", "127.0.0.1"]
    asked: list[str] = []
    real: Callable[..., Any] = socket.getaddrinfo

    def look_up(host: str, *more: Any, **named: Any) -> Any:
        if host != "rebinding.example":
            return real(host, *more, **named)
        asked.append(host)
        return real(answers[min(len(asked), 2) - 1], *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port = site.address.rpartition(":")[2]
    address = f"http://rebinding.example:{port}/a"
    with pytest.raises(FetchFailed, match="can't be reached"):
        fetch(address, destinations=Destinations(), limit=9, seconds=5)
    assert len(asked) == 1
    assert site.asked == []


def test_an_address_has_no_password(site: Site) -> None:
    address = site.serve("/a", b"x").replace("://", "://user:password@")
    with pytest.raises(FetchFailed, match="can't be reached"):
        fetch(address, destinations=HERE, limit=9, seconds=5)
    target = site.serve("/b", status=302, headers={"Location": address})
    with pytest.raises(FetchFailed, match="can't be reached"):
        fetch(target, destinations=HERE, limit=9, seconds=5)
    assert site.asked == ["GET /b"]


def test_a_proxy_is_not_asked_for_internal_addresses(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", site.address)
    monkeypatch.delenv("no_proxy", raising=False)
    inside = "http://169.254.169.254/latest/meta-data"
    with pytest.raises(FetchFailed, match="can't be reached"):
        fetch(inside, destinations=Destinations(), limit=9, seconds=5)
    assert site.asked == []
    # The proxy itself is named by the environment, and knows names that are not known here.
    site.serve("http://ocsp.invalid/a", b"x")
    assert fetch("http://ocsp.invalid/a", destinations=Destinations(), limit=9, seconds=5) == b"x"


def test_addresses_in_certificates_are_those_of_the_web() -> None:
    urls = ["http://user@a.kz/1", "http://[a", "HTTP://a.kz/2", "Https://b.kz/3", "http://c.kz/4"]
    link = (read_certificate(person(crl_at(*urls)).certificate), read_certificate(CA))
    assert [source.address for source in list_sources(link)] == urls[2:4]
    assert MAX_ADDRESSES == 2


CA = pki.authority().certificate


@pytest.mark.usefixtures("anchored")
def test_a_certificate_can_t_have_us_ask_this_machine(
    folder: Path, cache: Path, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    address = site.serve("/nca.crl", crl())
    status = ask(Trust(folder, online=True, cache=cache), person(crl_at(address)))
    assert reasons(status)[1:] == [f"{address} can't be reached"]
    assert site.asked == []
    assert "leads to 127.0.0.1, which OUTGOING_ALLOW does not name" in caplog.text


def test_nothing_is_found_out_about_an_unknown_name() -> None:
    with pytest.raises(socket.gaierror) as caught:
        Destinations().resolve("nothing.invalid", 80)
    assert not isinstance(caught.value, NotPermitted)


@pytest.mark.parametrize("name", ["a.pem", "a.crl", "a.ocsp", "intermediates/a.cer"])
def test_a_pipe_among_the_files_hangs_nothing(offline: Trust, folder: Path, name: str) -> None:
    os.mkfifo(folder / name)
    (folder / "endless.der").symlink_to("/dev/zero")
    contents = offline.contents()
    assert set(contents.unreadable) == {name, "endless.der"}
    assert contents.unreadable[name] == "it is not a regular file"
