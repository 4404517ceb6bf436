"""Which servers are contacted: those on the Internet, and those that the operator names.

An address in a certificate is chosen by its issuer. It may point to a service that only this
machine or network can reach (server-side request forgery).
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

#: Deprecated (RFC 3879), but still reserved.
_SITE_LOCAL = ip_network("fec0::/10")

_log = logging.getLogger(__name__)


class NotPermitted(OSError):
    """A name resolves to no address that may be contacted."""


class Destinations:
    """Decides which servers may be contacted; `named` are more hosts, addresses and networks."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        """Take the operator's list; an entry that is no address and no network is a host."""
        self._hosts = set()
        self._networks = []
        for one in named:
            try:
                self._networks.append(ip_network(one, strict=False))
            except ValueError:
                self._hosts.add(one.lower())

    def resolve(self, host: str, port: int | None) -> list[str]:
        """Resolve a name once, and return those addresses that may be connected to.

        Raises OSError: the name is unknown, or (NotPermitted) no address is permitted.
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
        """Return whether a host may be contacted at one of its addresses."""
        if host.lower().rstrip(".") in self._hosts:
            return True
        found = _embedded(ip_address(address.partition("%")[0]))
        return _is_public(found) or any(found in network for network in self._networks)


class AnyDestination(Destinations):
    """Permits everything: the operator typed the address."""

    def permits(self, host: str, address: str) -> bool:
        """Return True."""
        del host, address
        return True


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address embedded in an IPv6 address (RFC 4291 section 2.5.5.2, 6to4)."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    # Also reserved are ::/8, which contains NAT64 addresses (RFC 6052), and 240.0.0.0/4.
    is_set_apart = address.is_multicast or address.is_reserved or address in _SITE_LOCAL
    return address.is_global and not is_set_apart
