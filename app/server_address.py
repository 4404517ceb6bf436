"""The server of an address (RFC 9110 section 4.2)."""

from urllib.parse import SplitResult

_PORTS = {"http": 80, "https": 443}


def server_of(address: SplitResult) -> tuple[str, int | None]:
    """Return host and port, by default that of the scheme; None if there is no host.

    Raises ValueError if the port is no number or out of range.
    """
    return (address.hostname or "").rstrip("."), address.port or _PORTS.get(address.scheme)
