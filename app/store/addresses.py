"""How a database is called in words: where it is, never a user or a password."""

from __future__ import annotations

from sqlalchemy.engine import URL


def describe(url: URL, schema: str | None = None) -> str:
    """Say in a few words which database an address leads to.

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
    """Say which servers are asked; libpq takes several, and those of the query before all."""
    given = url.query.get("host") or url.host
    if not given:
        return "local socket"
    hosts = [given] if isinstance(given, str) else given
    ports = "" if url.port is None else f":{url.port}"
    return ",".join(f"[{host}]{ports}" if host.count(":") > 1 else host + ports for host in hosts)
