"""Downloads end in time and within their size, for every kind of server."""

import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.trust.downloads import fetch
from app.trust.errors import FetchFailed
from tests import pki
from tests.live.server import wait_until
from tests.pki import NOT_AFTER, NOT_BEFORE
from tests.postgresql import free_port
from tests.trust.serving import HERE, Site, serving


def failure(address: str, *, limit: int = 1000, seconds: float = 5) -> str:
    """Fetch what must fail, and return the sentence without the address."""
    with pytest.raises(FetchFailed) as caught:
        fetch(address, destinations=HERE, limit=limit, seconds=seconds)
    text = str(caught.value)
    assert address in text
    return text.replace(address, "it")


def test_what_is_there_is_given(site: Site) -> None:
    address = site.serve("/a", b"content")
    assert fetch(address, destinations=HERE, limit=7, seconds=5) == b"content"
    assert site.asked == ["GET /a"]


def test_a_question_is_posted(site: Site) -> None:
    address = site.serve("/a", make=lambda question: question[::-1])
    answer = fetch(
        address, destinations=HERE, limit=7, seconds=5, body=b"abc", kind="application/x-question"
    )
    assert answer == b"cba"
    assert site.asked == ["POST /a"]
    assert site.headers[0]["Content-Type"] == "application/x-question"


def test_more_than_the_limit_is_refused(site: Site) -> None:
    address = site.serve("/a", b"x" * 1001)
    assert failure(address) == "it answers with more than 1000 bytes"
    # A wrong length, and none at all, change nothing.
    address = site.serve("/b", b"x" * 1001, headers={"Content-Length": "5"})
    assert fetch(address, destinations=HERE, limit=1000, seconds=5) == b"xxxxx"


def test_nothing_is_unpacked(site: Site) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    address = site.serve("/a", bomb, headers={"Content-Encoding": "gzip"})
    assert fetch(address, destinations=HERE, limit=len(bomb), seconds=5) == bomb
    assert site.headers[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_another_status_is_a_failure(site: Site, status: int) -> None:
    address = site.serve("/a", status=status)
    assert failure(address) == "it did not return what was requested"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_server_is_followed(site: Site, status: int) -> None:
    address = site.serve("/a", status=status, headers={"Location": "/b"})
    site.serve("/b", make=lambda question: question)
    assert fetch(address, destinations=HERE, limit=9, seconds=5, body=b"question") == b"question"
    assert site.asked == ["POST /a", "POST /b"]


def test_a_redirect_to_another_server_is_not_followed(site: Site) -> None:
    with serving() as other:
        target = other.serve("/secret", b"secret")
        for location in (
            target,
            target.replace("http:", ""),
            site.url("/b").replace("http:", "https:"),
            site.url("/b").replace("127.0.0.1", "localhost"),
            "file:///etc/passwd",
            "ftp://127.0.0.1/",
        ):
            address = site.serve("/a", status=302, headers={"Location": location})
            assert failure(address) == "it redirects to another server"
        assert other.asked == []


def test_a_circle_of_redirects_ends(site: Site) -> None:
    address = site.serve("/a", status=302, headers={"Location": "/a"})
    assert failure(address) == "it redirects too often"
    assert len(site.asked) == 4
    nowhere = site.serve("/b", status=302)
    assert failure(nowhere) == "it redirects too often"


def test_a_missing_server_is_a_failure() -> None:
    assert failure(f"http://127.0.0.1:{free_port()}/") == "it can't be reached"


@pytest.mark.parametrize(
    "address",
    ["http://", "http://[", "http://127.0.0.1:99999/", "file:///etc/passwd", "nonsense"],
)
def test_what_is_no_address_is_a_failure(address: str) -> None:
    assert failure(address) == "it can't be reached"


def test_no_credentials_are_sent(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    fetch(site.serve("/a", b"x"), destinations=HERE, limit=9, seconds=5)
    assert "Authorization" not in site.headers[0]


@contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run a server for one connection, which says what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    talk(connection)
                except OSError:  # It was cut, as it should be.
                    ended.set()

        ended = threading.Event()
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert ended.wait(5)
        thread.join()


def drip(connection: socket.socket, head: bytes) -> None:
    """Send something, and then a byte now and then until the other side has enough."""
    connection.recv(65_536)
    connection.sendall(head)
    for _ in range(500):
        connection.sendall(b"x")
        time.sleep(0.02)


def is_over() -> bool:
    return "fetch" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    "head",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"],
    ids=["status", "headers", "body"],
)
def test_who_drips_is_cut_off(head: bytes) -> None:
    with answering(lambda connection: drip(connection, head)) as address:
        begun = time.monotonic()
        assert failure(address, seconds=0.3) == "it does not answer in time"
        assert time.monotonic() - begun < 1
    wait_until(is_over, "the thread has ended")


def test_a_body_that_breaks_off_is_a_failure(site: Site) -> None:
    address = site.serve("/a", b"short", headers={"Content-Length": "900"})
    assert failure(address) == "it can't be reached"


@pytest.fixture(name="certificate")
def certificate_of_this_machine(tmp_path: Path) -> Path:
    """Provide a file with a key and a certificate for the loopback address, by itself."""
    pair = pki.rsa_pair("server")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, pair.public_key(), 1, NOT_BEFORE, NOT_AFTER)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(pair.public_key()), critical=False)
        .sign(pair, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    key = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(key + certificate.public_bytes(Encoding.PEM))
    return file


def test_https_is_asked_if_its_certificate_is_good(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(context) as site:
        address = site.serve("/a", b"content")
        assert address.startswith("https:")
        assert failure(address) == "it can't be reached"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert fetch(address, destinations=HERE, limit=9, seconds=5) == b"content"
    assert site.asked == ["GET /a"]


def test_who_drips_before_tls_begins_is_cut_off() -> None:
    with answering(lambda connection: drip(connection, b"\x16\x03\x03\x3f\xff")) as address:
        secure = address.replace("http:", "https:")
        assert failure(secure, seconds=0.3) == "it does not answer in time"
