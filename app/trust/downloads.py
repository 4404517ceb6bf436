"""Bytes from an address, within limits of size and time, whatever the other side does.

requests alone limits the time between two bytes, so that one byte every four seconds would keep a
reader for days. Here a thread reads, the one who asked waits so long and no longer, and then the
connection is cut, which ends the thread. Only the system's resolver of names can't be cut short.

A name is looked up once, and the connection made to an address that was looked at: a second look
may find another one (DNS rebinding).
"""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool
from urllib3.exceptions import HTTPError

from app.server_address import server_of
from app.trust.destinations import Destinations
from app.trust.errors import AnswerTooLarge, FetchFailed

# Seconds until a connection stands, and between two pieces of an answer.
CONNECT_TIMEOUT = 3.05
READ_TIMEOUT = 5
# Redirects that are followed; they stay at the same server.
MAX_REDIRECTS = 3

_CHUNK = 65_536
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {"User-Agent": "qoltanba", "Accept-Encoding": "identity"}


def fetch(  # noqa: PLR0913  # A request and its bounds, all named.
    address: str,
    *,
    destinations: Destinations,
    limit: int,
    seconds: float,
    body: bytes | None = None,
    kind: str | None = None,
    into: BinaryIO | None = None,
) -> bytes:
    """Return what an http or https address answers to GET, or to POST with a body of that type.

    What is written `into` a file is not returned. Raises FetchFailed, after `seconds` at the
    latest; so it does for more than `limit` bytes.
    """
    download = _Download(address, destinations, limit, body, kind, into)
    threading.Thread(target=download.run, name="fetch", daemon=True).start()
    return download.wait(seconds)


class _Download:
    """One fetch at work: in its thread, and in that of who waits for it."""

    def __init__(  # noqa: PLR0913, PLR0917  # A request and its bounds.
        self,
        address: str,
        destinations: Destinations,
        limit: int,
        body: bytes | None,
        kind: str | None,
        into: BinaryIO | None,
    ) -> None:
        self._into = into
        self._address = address
        self.destinations = destinations
        self._limit = limit
        self._body = body
        self._headers = _HEADERS | ({"Content-Type": kind} if kind else {})
        self._future: Future[bytes] = Future()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def wait(self, seconds: float) -> bytes:
        """Return the answer. Raises FetchFailed."""
        try:
            return self._future.result(seconds)
        except TimeoutError as error:
            self._cut()
            raise self._failed("{address} does not answer in time") from error

    def _cut(self) -> None:
        with self._lock:
            self._is_cut = True
            for one in self._sockets:
                _shut(one)

    def watch(self, connected: socket.socket) -> None:
        """Keep a second handle of a connection: TLS takes the first one away."""
        with self._lock:
            self._sockets.append(connected.dup())
            if self._is_cut:
                _shut(connected)

    def run(self) -> None:
        """Read, in a thread of its own; no reader waits for ever, whatever comes up."""
        _download.set(self)
        failure: FetchFailed = self._failed("{address} can't be asked")
        try:
            self._future.set_result(self._read())
        except FetchFailed as error:
            failure = error
        finally:
            if not self._future.done():
                self._future.set_exception(failure)
            with self._lock:
                for one in self._sockets:
                    one.close()

    def _read(self) -> bytes:
        try:
            with requests.Session() as session:
                adapter = _Adapter(max_retries=0)
                session.mount("http://", adapter)
                session.mount("https://", adapter)
                # Proxies of the environment are used; credentials in a .netrc are not used here.
                session.auth = _no_credentials
                return self._follow(session, self._address, MAX_REDIRECTS)
        except requests.Timeout as error:
            raise self._failed("{address} does not answer in time") from error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise self._failed("{address} can't be reached") from error

    def _follow(self, session: requests.Session, address: str, redirects: int) -> bytes:
        self._check(address)
        with session.request(
            "GET" if self._body is None else "POST",
            address,
            data=self._body,
            headers=self._headers,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code not in _REDIRECTS:
                return self._collect(response)
            target = urljoin(address, response.headers.get("Location", ""))
        if not _is_same_server(urlsplit(target), urlsplit(address)):
            raise self._failed("{address} redirects to another server")
        if not redirects:
            raise self._failed("{address} redirects over and over")
        return self._follow(session, target, redirects - 1)

    def _check(self, address: str) -> None:
        """Raise OSError or ValueError if an address may not be asked, as far as it tells itself."""
        parts = urlsplit(address)
        if "@" in parts.netloc:
            raise ValueError("no address has a password in it")
        if select_proxy(address, get_environ_proxies(address)):
            # The proxy will look the name up: all that can be said is where it leads from here.
            with suppress(socket.gaierror):
                self.destinations.resolve(parts.hostname or "", parts.port)

    def _collect(self, response: requests.Response) -> bytes:
        """Read the body as it comes: what is compressed is not taken apart."""
        if response.status_code != requests.codes.ok:
            raise self._failed("{address} does not give what was asked for")
        pieces, left = [], self._limit
        for piece in response.raw.stream(_CHUNK, decode_content=False):
            left -= len(piece)
            if left < 0:
                raise AnswerTooLarge(
                    "{address} answers with more than {limit} bytes",
                    address=self._address,
                    limit=self._limit,
                )
            if self._into is None:
                pieces.append(piece)
            elif not self._is_cut:  # No reader waits any more, and the file may be closed.
                self._write(self._into, piece)
        return b"".join(pieces)

    def _write(self, file: BinaryIO, piece: bytes) -> None:
        try:
            file.write(piece)
            file.flush()
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise self._failed("what {address} answers can't be written: {why}", why=why) from error

    def _failed(self, template: str, **values: object) -> FetchFailed:
        return FetchFailed(template, address=self._address, **values)


_download: ContextVar[_Download] = ContextVar("download")


class _Http(HTTPConnection):
    """A connection that can be cut by another thread from its first byte on."""

    def _new_conn(self) -> socket.socket:
        return _connect(self, super()._new_conn)


class _Https(HTTPSConnection):
    """The same, before TLS begins."""

    def _new_conn(self) -> socket.socket:
        return _connect(self, super()._new_conn)


class _Adapter(HTTPAdapter):
    """Makes connections of these kinds, over a proxy too, unless that is of another kind."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        """Return the pool for a request."""
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        if isinstance(pool, HTTPConnectionPool):
            pool.ConnectionCls = _WATCHED.get(pool.ConnectionCls, pool.ConnectionCls)
        return pool


_WATCHED: dict[Any, Any] = {HTTPConnection: _Http, HTTPSConnection: _Https}


def _connect(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """Connect to one of a host's addresses that may be asked, and watch the connection."""
    download, host = _download.get(), connection.host
    # A proxy is named by the environment, which is the operator's.
    places = [host] if connection.proxy else download.destinations.resolve(host, connection.port)
    failure: Exception | None = None
    for place in places:
        connection.host = place
        try:
            connected = connect()
        except HTTPError as error:
            failure = error
            continue
        finally:
            connection.host = host  # Which TLS compares with the certificate.
        download.watch(connected)
        return connected
    raise failure or OSError(host)


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):  # The other side was quicker.
        connected.shutdown(socket.SHUT_RDWR)


def _is_same_server(one: SplitResult, other: SplitResult) -> bool:
    """Return whether two addresses are at one server, by one scheme. Raises ValueError."""
    return one.scheme == other.scheme and server_of(one) == server_of(other)
