"""A server without tokens refuses requests that don't come from its own machine.

The address of the peer tells: whatever the server is bound to, only loopback is answered, and what
comes by a Unix socket, which has no address.

A web page may make its visitor's browser call an address on loopback. The Origin reveals it (the
Fetch standard, section 3.2), unless the page's own name was made to resolve to loopback (DNS
rebinding), which the Host reveals; and a proxy forwards requests from anywhere. With tokens none of
this matters: a page, or a client behind the proxy, has no token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import SplitResult, urlsplit

from flask import Flask, request

from app.server_address import server_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: Headers that proxies add (RFC 7239, RFC 9110 section 7.6.3, and older ones).
_BY_PROXIES = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_REAL_IP",
    "HTTP_X_CLIENT_IP",
    "HTTP_X_CLUSTER_CLIENT_IP",
    "HTTP_X_ORIGINAL_FORWARDED_FOR",
    "HTTP_X_ORIGINAL_HOST",
    "HTTP_TRUE_CLIENT_IP",
    "HTTP_CF_CONNECTING_IP",
    "HTTP_FASTLY_CLIENT_IP",
)
_FORWARDED = "HTTP_X_FORWARDED"


class RequestFromOutside(Exception):
    """A request that a server without tokens refuses. `template` is the sentence for the caller."""

    template: ClassVar[str]
    values: ClassVar[Mapping[str, object]] = {}


class OriginRefused(RequestFromOutside):
    """A page of another origin sent the request."""

    template = "Pages of other origins may not call here: CORS_ORIGINS names those that may"


class HostRefused(RequestFromOutside):
    """The request names this server by a foreign host name."""

    template = (
        "Without tokens this server answers to localhost and PUBLIC_URL only: "
        "AUTH=on asks for tokens, ALLOW_OPEN=1 admits all callers"
    )


class ProxyRefused(RequestFromOutside):
    """The request came through a proxy."""

    template = (
        "Without tokens this server accepts nothing that a proxy forwards: "
        "AUTH=on asks for tokens, ALLOW_OPEN=1 admits all callers"
    )


class PeerRefused(RequestFromOutside):
    """The request came from another machine."""

    template = (
        "Without tokens this server answers to its own machine only: "
        "AUTH=on asks for tokens, ALLOW_OPEN=1 admits all callers"
    )


def init_app(
    app: Flask,
    *,
    origins: tuple[str, ...] | Literal["*"] | None,
    public_url: str | None,
    is_open: bool,
    is_public: Callable[[str], bool],
) -> None:
    """Refuse requests from outside, except to public views.

    Args:
        app: the application.
        origins: origins whose pages may call nevertheless.
        public_url: the public address of this server.
        is_open: whether every client that can reach the server is allowed, from any machine, by
            any name and through any proxy. Pages of other origins are still refused.
        is_public: returns whether an endpoint reveals nothing.
    """
    own = urlsplit(public_url) if public_url else None

    def refuse() -> None:
        endpoint, environ = request.endpoint, request.environ
        if endpoint is None or is_public(endpoint):
            return
        # Without a Host there is no browser, so no page with a name of its own.
        host = environ.get("HTTP_HOST", "localhost")
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origins != "*" and origin not in (origins or ()):
            _require_own(origin, host, own)
        if is_open:
            return
        if not (_is_loopback(host) or (own and _is_at(host, own))):
            raise HostRefused
        if _was_forwarded(environ):
            raise ProxyRefused
        # No header field was set by a proxy, so that this is the peer's own address.
        if not _is_local(environ.get("REMOTE_ADDR", "")):
            raise PeerRefused

    app.before_request(refuse)


def refusing_foreign_pages(
    origins: tuple[str, ...] | Literal["*"] | None, public_url: str | None
) -> Callable[[WSGIEnvironment], None]:
    """Return a function that refuses requests of pages not from this server or `origins`.

    A browser may add stored credentials, those of HTTP Basic, to requests of any page. Raises
    OriginRefused.
    """
    own = urlsplit(public_url) if public_url else None
    named = origins if isinstance(origins, tuple) else ()

    def require_own_page(environ: WSGIEnvironment) -> None:
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            # Requests for images and similar have none (Fetch Metadata Request Headers, W3C).
            if environ.get("HTTP_SEC_FETCH_SITE", "none") not in ("none", "same-origin"):
                raise OriginRefused
        elif origin not in named:
            _require_own(origin, environ.get("HTTP_HOST", "localhost"), own)

    return require_own_page


def _require_own(origin: str, host: str, own: SplitResult | None) -> None:
    """Require that a page is from this server. Raises OriginRefused."""
    parts = _split(origin)
    # It is unknown whether TLS ends at a proxy: only the name and the port are compared.
    if parts is None or not (_is_at(host, parts) or (own and _is_at(own.netloc, parts))):
        raise OriginRefused


def _is_at(host: str, place: SplitResult) -> bool:
    """Return whether a Host names the server of an address."""
    named = _split(f"{place.scheme}://{host}")
    return named is not None and server_of(named) == server_of(place)


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    """Return whether a Host (RFC 9110 section 7.2) names the loopback interface, on any port."""
    parts = _split(f"http://{host}")
    if parts is None:
        return False
    name = (parts.hostname or "").removesuffix(".")
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:  # a name
        return False


@lru_cache(maxsize=64)
def _is_local(peer: str) -> bool:
    """Return whether a peer is on this machine; one without an address came by a Unix socket."""
    if not peer:
        return True
    try:
        found = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _split(address: str) -> SplitResult | None:
    """Split an address with a host and nothing after it; None if it is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:  # brackets that don't match, a port beyond all numbers
        return None
    is_bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts if parts.hostname and is_bare else None


def _was_forwarded(environ: WSGIEnvironment) -> bool:
    return any(name in environ for name in _BY_PROXIES) or any(
        name.startswith(_FORWARDED) for name in environ
    )
