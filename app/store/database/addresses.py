"""How a database is called in words: where it is, never a user or a password."""

from __future__ import annotations

from sqlalchemy.engine import URL


def describe(url: URL, schema: str | None = None) -> str:
    """Return in a few words which database an address leads to.

    Args:
        url: of SQLite or PostgreSQL.
        schema: PostgreSQL's schema that holds the tables; None: as the connection finds them.
    """
    if url.get_backend_name() == "sqlite":
        return f"sqlite {url.database}"
    # Without a name libpq takes the user's.
    name = url.database or url.username or "the default database"
    told = f"postgresql {_hosts(url)}/{name}"
    return told if schema is None else f"{told}, schema {schema}"


def _hosts(url: URL) -> str:
    """Return which servers are asked; libpq takes several, and those of the query before all."""
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
    """Return the port of each host; nothing for one that has the usual port, or names its own."""
    given = url.query.get("port") or ("" if url.port is None else str(url.port))
    ports = given.split(",") if isinstance(given, str) else list(given)
    return ports * hosts if len(ports) == 1 else ports
