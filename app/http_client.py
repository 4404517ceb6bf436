"""The one HTTP client: requests to other servers, within limits of size, time and address.

requests alone limits the time between two bytes, so that one byte every four seconds would keep a
reader for days. Here a thread reads, the caller waits so long and no longer, and then the
connection is cut, which ends the thread. Only the system's resolver of names can't be cut short.

A name is looked up once, and the connection made to an address that was looked at: a second look
may find another one (DNS rebinding).
"""

import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool
from urllib3.exceptions import HTTPError

from app.destinations import Destinations
from app.server_address import server_of

_CHUNK = 65_536
_REDIRECTS = {301, 302, 303, 307, 308}
# So that a small answer can't turn into a large one.
_HEADERS = {"User-Agent": "tanbahana", "Accept-Encoding": "identity"}


class NoAnswer(Exception):
    """There is no answer that can be used; `why` says so for a log, without what the other said."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class TimedOut(NoAnswer):
    """It did not come in time."""


class TooSlow(TimedOut):
    """All of it did not come within the seconds that were given."""


class Unreachable(NoAnswer):
    """The server is away, breaks off, or may not be asked."""


class WrongStatus(NoAnswer):
    """It has another status than 200."""


class RedirectedAway(NoAnswer):
    """It redirects to another server."""


class RedirectedTooOften(NoAnswer):
    """It redirects more often than is followed."""


class TooLarge(NoAnswer):
    """It has more bytes than were asked for."""


class NotWritten(NoAnswer):
    """It can't be written into the file; `why` is the system's reason."""


class Unexpected(NoAnswer):
    """Something failed that is none of the above."""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET, or a POST if it has a `body`, and its bounds.

    `limit` is in bytes and `seconds` for all of it; `connect_timeout` and `read_timeout` are
    seconds until a connection stands, and between two pieces of the answer. `redirects` are
    followed at the same server only. Unless `any_status`, the answer must be 200. What is written
    `into` a file is not returned. Without `uses_environment`, proxies that the environment names
    are not used. Only where `has_credentials` may the address have a user and a password.
    """

    address: str
    destinations: Destinations
    limit: int
    seconds: float
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    into: BinaryIO | None = None
    connect_timeout: float = 3.05
    read_timeout: float = 5
    redirects: int = 3
    any_status: bool = False
    uses_environment: bool = True
    has_credentials: bool = False


def send(request: Request) -> bytes:
    """Send a request, and return the body of its answer. Raises NoAnswer."""
    exchange = _Exchange(request)
    threading.Thread(target=exchange.run, name="fetch", daemon=True).start()
    return exchange.wait()


class _Exchange:
    """One request at work: in its thread, and in that of the caller who waits for it."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.destinations = request.destinations
        self._future: Future[bytes] = Future()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def wait(self) -> bytes:
        """Return the answer. Raises NoAnswer."""
        try:
            return self._future.result(self._request.seconds)
        except TimeoutError as error:
            self._cut()
            raise TooSlow from error

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
        _exchange.set(self)
        failure: NoAnswer = Unexpected()
        try:
            self._future.set_result(self._read())
        except NoAnswer as error:
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
                session.trust_env = self._request.uses_environment
                if not self._request.has_credentials:  # Nor those in a .netrc.
                    session.auth = _no_credentials
                return self._follow(session, self._request.address, self._request.redirects)
        except requests.Timeout as error:
            raise TimedOut from error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise Unreachable(type(error).__name__) from error

    def _follow(self, session: requests.Session, address: str, redirects: int) -> bytes:
        wanted = self._request
        self._check(address)
        with session.request(
            "GET" if wanted.body is None else "POST",
            address,
            data=wanted.body,
            headers={**_HEADERS, **wanted.headers},
            timeout=(wanted.connect_timeout, wanted.read_timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code not in _REDIRECTS:
                return self._collect(response)
            target = urljoin(address, response.headers.get("Location", ""))
        if not redirects:
            raise RedirectedTooOften
        if not _is_same_server(urlsplit(target), urlsplit(address)):
            raise RedirectedAway
        return self._follow(session, target, redirects - 1)

    def _check(self, address: str) -> None:
        """Raise OSError or ValueError if an address may not be asked, as far as it tells itself."""
        parts = urlsplit(address)
        if "@" in parts.netloc and not self._request.has_credentials:
            raise ValueError("no address has a password in it")
        proxies = get_environ_proxies(address) if self._request.uses_environment else {}
        if select_proxy(address, proxies):
            # The proxy will look the name up: all that can be said is where it leads from here.
            with suppress(socket.gaierror):
                self.destinations.resolve(parts.hostname or "", parts.port)

    def _collect(self, response: requests.Response) -> bytes:
        """Read the body as it comes: what is compressed is not taken apart."""
        if response.status_code != requests.codes.ok and not self._request.any_status:
            raise WrongStatus
        pieces, left = [], self._request.limit
        for piece in response.raw.stream(_CHUNK, decode_content=False):
            left -= len(piece)
            if left < 0:
                raise TooLarge
            if self._request.into is None:
                pieces.append(piece)
            elif not self._is_cut:  # No reader waits any more, and the file may be closed.
                _write(self._request.into, piece)
        return b"".join(pieces)


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
        file.flush()
    except OSError as error:
        raise NotWritten(error.strerror or type(error).__name__) from error


_exchange: ContextVar[_Exchange] = ContextVar("exchange")


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
    exchange, host = _exchange.get(), connection.host
    # A proxy is named by the environment, which is the operator's.
    places = [host] if connection.proxy else exchange.destinations.resolve(host, connection.port)
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
        exchange.watch(connected)
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
