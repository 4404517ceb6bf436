"""The one HTTP client: requests to other servers, within limits of size, time and address.

requests limits only the time between two bytes, so one byte every four seconds could keep a reader
busy for days. Here a thread reads, the caller waits for a limited time, and then the connection is
closed, which ends the thread. Only the system's name resolver can't be interrupted.

A name is resolved once, and the connection is made to an address that was checked: a second look-up
may return another one (DNS rebinding).
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
    """There is no usable answer; `why` is the reason for a log, without data of the answer."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class TimedOut(NoAnswer):
    """The answer did not arrive in time."""


class TooSlow(TimedOut):
    """The whole answer did not arrive within the given seconds."""


class Unreachable(NoAnswer):
    """The server is unavailable, closes the connection, or must not be contacted."""


class WrongStatus(NoAnswer):
    """The status is not 200. `body` is empty if it was not to be read."""

    def __init__(self, status: int, body: bytes = b"") -> None:
        super().__init__()
        self.status = status
        self.body = body


class RedirectedAway(NoAnswer):
    """The server redirects to another server."""


class RedirectedTooOften(NoAnswer):
    """The server redirects more often than allowed."""


class TooLarge(NoAnswer):
    """The answer has more bytes than allowed."""


class NotWritten(NoAnswer):
    """The answer can't be written into the file; `why` is the system's reason."""


class Unexpected(NoAnswer):
    """Something failed that is none of the above."""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET, or a POST if it has a `body`, and its bounds.

    `limit` is in bytes and `seconds` for all of it; `connect_timeout` and `read_timeout` are
    seconds for connecting, and between two pieces of the answer. `redirects` are followed at the
    same server only. With `any_status` the body of an answer that is not 200 is read, too. An
    answer written `into` a file is not returned. Without `uses_environment`, proxies of the
    environment are not used. Only with `has_credentials` may the address contain a user and a
    password.
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
    """One request: used by its own thread, and by that of the waiting caller."""

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
        """Read, in a separate thread; the waiting thread is released whatever happens."""
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
        """Raise OSError or ValueError if an address itself shows that it must not be requested."""
        parts = urlsplit(address)
        if "@" in parts.netloc and not self._request.has_credentials:
            raise ValueError("no address has a password in it")
        proxies = get_environ_proxies(address) if self._request.uses_environment else {}
        if select_proxy(address, proxies):
            # The proxy will resolve the name: only its resolution here can be checked.
            with suppress(socket.gaierror):
                self.destinations.resolve(parts.hostname or "", parts.port)

    def _collect(self, response: requests.Response) -> bytes:
        """Read the body as it is sent: compressed data are not decompressed."""
        is_good = response.status_code == requests.codes.ok
        if not is_good and not self._request.any_status:
            raise WrongStatus(response.status_code)
        pieces, left = [], self._request.limit
        for piece in response.raw.stream(_CHUNK, decode_content=False):
            left -= len(piece)
            if left < 0:
                raise TooLarge
            if self._request.into is None:
                pieces.append(piece)
            elif not self._is_cut:  # The caller no longer waits, and the file may be closed.
                _write(self._request.into, piece)
        body = b"".join(pieces)
        if not is_good:
            raise WrongStatus(response.status_code, body)
        return body


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
        file.flush()
    except OSError as error:
        raise NotWritten(error.strerror or type(error).__name__) from error


_exchange: ContextVar[_Exchange] = ContextVar("exchange")


class _Http(HTTPConnection):
    """A connection that another thread can close, from its first byte on."""

    def _new_conn(self) -> socket.socket:
        return _connect(self, super()._new_conn)


class _Https(HTTPSConnection):
    """The same, before TLS begins."""

    def _new_conn(self) -> socket.socket:
        return _connect(self, super()._new_conn)


class _Adapter(HTTPAdapter):
    """Creates such connections, also through a proxy, unless that is of another kind."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        """Return the connection pool for a request."""
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        if isinstance(pool, HTTPConnectionPool):
            pool.ConnectionCls = _WATCHED.get(pool.ConnectionCls, pool.ConnectionCls)
        return pool


_WATCHED: dict[Any, Any] = {HTTPConnection: _Http, HTTPSConnection: _Https}


def _connect(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """Connect to a permitted address of the host, and register the connection."""
    exchange, host = _exchange.get(), connection.host
    # A proxy is named in the environment, by the operator.
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
            connection.host = host  # The name that TLS verifies.
        exchange.watch(connected)
        return connected
    raise failure or OSError(host)


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):  # The server was quicker.
        connected.shutdown(socket.SHUT_RDWR)


def _is_same_server(one: SplitResult, other: SplitResult) -> bool:
    """Return whether two addresses have the same server and scheme. Raises ValueError."""
    return one.scheme == other.scheme and server_of(one) == server_of(other)
