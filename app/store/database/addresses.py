"""A short description of a database for messages: its address, never a user or a password."""

from __future__ import annotations

from sqlalchemy.engine import URL


def describe(url: URL, schema: str | None = None) -> str:
    """Describe in a few words which database a URL points to.

    Args: url: of SQLite or PostgreSQL. schema: PostgreSQL's schema that holds the tables; None: as
    the connection finds them.
    """
    if url.get_backend_name() == "sqlite":
        return f"sqlite {url.database}"
    # Without a name libpq uses the user's.
    name = url.database or url.username or "the default database"
    described = f"postgresql {_hosts(url)}/{name}"
    return described if schema is None else f"{described}, schema {schema}"


def _hosts(url: URL) -> str:
    """Return the servers; libpq accepts several, and those in the query have precedence."""
    given = url.query.get("host") or url.host
    if not given:
        return "local socket"
    hosts = given.split(",") if isinstance(given, str) else given
    ports = _ports(url, len(hosts))
    return ",".join(
        (f"[{host}]" if host.count(":") > 1 else host) + (port and f":{port}")
        for host, port in zip(hosts, ports, strict=False)
    )


def _ports(url: URL, hosts: int) -> list[str]:
    """Return the port of each host; None for one with the default port, or with one in its name."""
    given = url.query.get("port") or ("" if url.port is None else str(url.port))
    ports = given.split(",") if isinstance(given, str) else list(given)
    return ports * hosts if len(ports) == 1 else ports
