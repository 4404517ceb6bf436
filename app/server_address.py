"""At which server an address is (RFC 9110 section 4.2)."""

from urllib.parse import SplitResult

_PORTS = {"http": 80, "https": 443}


def server_of(address: SplitResult) -> tuple[str, int | None]:
    """Return the host and the port, that of the scheme by default; None if it has none.

    Raises ValueError if the port is no number or beyond those that there are.
    """
    return (address.hostname or "").rstrip("."), address.port or _PORTS.get(address.scheme)
