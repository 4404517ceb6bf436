"""Whom this server asks: what is on the Internet, and what the operator names.

An address in a certificate is the word of who made it. So it may lead to a service that only this
machine or this network reaches (server-side request forgery).
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

#: Deprecated (RFC 3879), and still what it was.
_SITE_LOCAL = ip_network("fec0::/10")

_log = logging.getLogger(__name__)


class NotPermitted(OSError):
    """A name leads to nothing that may be asked."""


class Destinations:
    """Says whom may be asked; `named` has hosts, addresses and networks that may be, too."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        """Take what the operator names; what is no address and no network is a host."""
        self._hosts = set()
        self._networks = []
        for one in named:
            try:
                self._networks.append(ip_network(one, strict=False))
            except ValueError:
                self._hosts.add(one.lower())

    def resolve(self, host: str, port: int | None) -> list[str]:
        """Look a name up, once, and give those of its addresses that may be connected to.

        Raises OSError: it is not known, or (NotPermitted) none of them may.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        permitted = [one for one in addresses if self.permits(host, one)]
        if not permitted:
            _log.warning(
                "an address of a certificate is not asked: it leads to %s, which OUTGOING_ALLOW "
                "does not name",
                ", ".join(addresses),
            )
            raise NotPermitted
        return permitted

    def permits(self, host: str, address: str) -> bool:
        """Return whether a host may be asked at an address that it has."""
        if host.lower().rstrip(".") in self._hosts:
            return True
        found = _embedded(ip_address(address.partition("%")[0]))
        return _is_public(found) or any(found in network for network in self._networks)


class Anybody(Destinations):
    """Permits everything: the operator typed the address."""

    def permits(self, host: str, address: str) -> bool:
        """Return True."""
        del host, address
        return True


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for (RFC 4291 section 2.5.5.2, 6to4)."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    # Reserved are also ::/8, with addresses of NAT64 (RFC 6052), and 240.0.0.0/4.
    is_set_apart = address.is_multicast or address.is_reserved or address in _SITE_LOCAL
    return address.is_global and not is_set_apart
