"""GeneralNames (RFC 5280 section 4.2.1.6), and whether one is within another (section 4.2.1.10)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from app.cms.asn1.node import Node
from app.cms.path.rules import title
from app.cms.x509 import names

# The CHOICE alternatives of GeneralName by their identifier octets.
OTHER_NAME = 0xA0
EMAIL = 0x81
DNS = 0x82
X400_ADDRESS = 0xA3
DIRECTORY = 0xA4
EDI_PARTY = 0xA5
URI = 0x86
IP_ADDRESS = 0x87
REGISTERED_ID = 0x88

KINDS = {
    OTHER_NAME: "otherName",
    EMAIL: "rfc822Name",
    DNS: "dNSName",
    X400_ADDRESS: "x400Address",
    DIRECTORY: "directoryName",
    EDI_PARTY: "ediPartyName",
    URI: "uniformResourceIdentifier",
    IP_ADDRESS: "iPAddress",
    REGISTERED_ID: "registeredID",
}
"""Their names in section 4.2.1.6."""

# Characters of a name in a reason.
_MAX_SHOWN = 200
# Directory names whose attributes are remembered in their comparable form.
_REMEMBERED = 256
# Bytes of an IPv4 and an IPv6 address.
_ADDRESS_SIZES = (4, 16)

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_-]{1,63})*")
# The authority of an address, and the parts around its host (RFC 3986 section 3.2).
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@]*)(?:[/?#].*)?", re.DOTALL)
_PORT = re.compile(r":[0-9]*\Z")
_NUMERIC = re.compile(r"\[.*\]|[0-9.]+|0x[0-9a-f.x]*")


@dataclass(frozen=True, slots=True)
class GeneralName:
    """A name of one kind, as its contents octets; a directory name as an encoded Name."""

    kind: int
    value: bytes

    def __str__(self) -> str:
        """Return the name as text, or its kind if there is none."""
        if self.kind == DIRECTORY:
            return title(self.value)
        if self.kind == IP_ADDRESS and len(self.value) in _ADDRESS_SIZES:
            return str(ip_address(self.value))
        if self.kind in {EMAIL, DNS, URI}:
            return names.clean(self.value.decode("latin-1"))[:_MAX_SHOWN]
        return KINDS[self.kind]


def read_general_name(node: Node) -> GeneralName:
    """Read a GeneralName. Raises one of DAMAGE."""
    if node.tag not in KINDS:
        raise ValueError("not a GeneralName")
    return GeneralName(node.tag, node.only().encoded if node.tag == DIRECTORY else node.contents)


def is_within(name: GeneralName, base: GeneralName) -> bool | None:
    """Return whether a name is in the subtree of another of its kind; None if undetermined.

    Not for a name that can be in no subtree at all (`is_beyond`).
    """
    if name.kind not in _COMPARED:
        return None
    try:
        return _COMPARED[name.kind](name.value, base.value)
    except UnicodeDecodeError:
        return None


def is_beyond(name: GeneralName) -> bool:
    """Return whether an address has no host name: any constraint refuses it."""
    if name.kind != URI:
        return False
    host = _host_of(name.value.decode("latin-1"))
    return host is None or _NUMERIC.fullmatch(host) is not None


def _host_of(address: str) -> str | None:
    """Return the host of a URI, in lower case, without a port; None without an authority."""
    match = _AUTHORITY.fullmatch(address.lower())
    return _PORT.sub("", match[1]).removesuffix(".") or None if match else None


def _is_mailbox_within(name: bytes, base: bytes) -> bool | None:
    """Compare with a mailbox, the mailboxes of a host, or, for ".domain", of its subdomains."""
    mailbox, limit = name.decode("ascii"), base.decode("ascii")
    local, at, host = mailbox.rpartition("@")
    if not at or not local or not _HOST.fullmatch(host.lower()):
        return None
    limit_local, limit_at, limit_host = limit.rpartition("@")
    if not limit_at:
        return _is_host_within(host.lower(), limit)
    same_host = _is_host_within(host.lower(), limit_host)
    if same_host is not True or limit_host.startswith(".") or not limit_host:
        return None if same_host else same_host
    if local == limit_local:
        return True
    # Quoted local parts may still be equal (RFC 5321 section 4.1.2).
    return None if '"' in local + limit_local else False


def _is_host_within(host: str, limit: str) -> bool | None:
    """Compare a host with another, or with ".domain": its subdomains, not the domain itself."""
    limit = limit.lower()
    if not limit:
        return True
    if not _HOST.fullmatch(host) or not _HOST.fullmatch(limit.removeprefix(".")):
        return None
    return host.endswith(limit) and host != limit if limit.startswith(".") else host == limit


def _is_uri_within(name: bytes, base: bytes) -> bool | None:
    """Compare the host of a URI."""
    host = _host_of(name.decode("ascii"))
    return _is_host_within(host, base.decode("ascii")) if host else None


def _is_domain_within(name: bytes, base: bytes) -> bool | None:
    """Compare a domain with another: labels may precede it.

    A wildcard may match names both inside and outside of a limit. No RFC defines what a leading
    full stop in the limit means for the domain itself.
    """
    domain, limit = name.decode("ascii").lower(), base.decode("ascii").lower()
    plain = domain.removeprefix("*.")
    bare = limit.removeprefix(".")
    if not _HOST.fullmatch(plain) or (bare and not _HOST.fullmatch(bare)):
        return None
    if not bare or plain.endswith(f".{bare}"):
        return True
    if plain == bare:
        return True if plain != domain or bare == limit else None
    return None if plain != domain and bare.endswith(f".{plain}") else False


def _is_address_within(address: bytes, limit: bytes) -> bool | None:
    """Compare with an address and the mask that follows it."""
    size = len(limit) // 2
    if len(address) not in _ADDRESS_SIZES or size not in _ADDRESS_SIZES or len(limit) % 2:
        return None
    if len(address) != size:
        return False
    number, base, mask = (
        int.from_bytes(part, "big") for part in (address, limit[:size], limit[size:])
    )
    hosts = mask ^ ((1 << 8 * size) - 1)
    if hosts & (hosts + 1):  # Not ones followed by zeroes (RFC 4632 section 3.1).
        return None
    return number & mask == base & mask


def _is_directory_within(name: bytes, limit: bytes) -> bool | None:
    """Compare with the beginning of a name (section 7.1)."""
    parts, wanted = _relatives(name), _relatives(limit)
    if parts is None or wanted is None:
        return None
    if len(parts) < len(wanted):
        return False
    differing = [pair for pair in zip(parts, wanted, strict=False) if pair[0] != pair[1]]
    if not differing:
        return True
    is_determined = any(
        isinstance(part, str) and isinstance(other, str) for part, other in differing
    )
    return False if is_determined else None


@lru_cache(maxsize=_REMEMBERED)
def _relatives(name: bytes) -> names.RelativeKeys | None:
    return names.relative_keys(name)


_COMPARED: Mapping[int, Callable[[bytes, bytes], bool | None]] = {
    EMAIL: _is_mailbox_within,
    DNS: _is_domain_within,
    DIRECTORY: _is_directory_within,
    URI: _is_uri_within,
    IP_ADDRESS: _is_address_within,
}
