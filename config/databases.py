"""Database settings: an address, or the variables of the original server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from config.env import Reader, SettingsError

EMBEDDED_DATABASE = Path(__file__).resolve().parent.parent / "var" / "tanbahana.sqlite3"
#: What the file was called before release 1.0.0.
FORMER_NAME = "qoltanba.sqlite3"

DRIVER = "postgresql+psycopg"
#: PostgreSQL's default port.
USUAL_PORT = 5432

#: An address of several hosts: the part before them, the hosts, the part after.
_SEVERAL = re.compile(
    r"(postgresql\+psycopg://(?:[^:/]*(?::[^@]*)?@)?)([^/?#@]*,[^/?#@]*)(.*)", re.S
)
_PARAMETERS = re.compile(r"\?\w+=")
_NAMED = re.compile(r"(?P<host>[^\s:\[\]/@,]+|\[(?P<ip>[^\s\[\]]+)\])(?::(?P<port>[0-9]{1,5}))?")

#: A host, or the folder of a socket, and a port; None: PostgreSQL's.
_Place = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Databases:
    """The environment's settings of the database. `read_databases` reads it."""

    url: URL
    #: Name of the PostgreSQL schema that holds the tables; None: as the connection finds them.
    schema: str | None
    #: The address for migrations: behind a pooler, if there is one.
    migration_url: URL
    #: Replicas that answer reads.
    replica_urls: tuple[URL, ...]
    #: The variables that have the server of the database, the server for migrations, and the
    #: database's name.
    host_variable: str
    migration_variable: str
    name_variable: str


def read_databases(read: Reader) -> Databases:
    """Read DATABASE_URL, else the original server's PG_ variables, else use the embedded file.

    Raises:
        SettingsError: a variable has a value that can't be used.
    """
    url, variables = _main_url(read)
    if url.get_backend_name() == "sqlite":
        return Databases(url, None, url, (), *variables)
    host, name = variables[0], variables[2]
    real = _places(read, "PG_REAL_HOST")
    port = url.port or (USUAL_PORT if url.query.get("port") is None else None)
    replicas = [_at(url, [place], port) for place in _places(read, "PG_SLAVES")]
    return Databases(
        url=url,
        schema=_database_schema(read),
        migration_url=_at(url, real, port) if real else url,
        # Not tested for writing.
        replica_urls=tuple(
            one.update_query_dict({"target_session_attrs": "any"}) for one in replicas
        ),
        host_variable=host,
        migration_variable="PG_REAL_HOST" if real else host,
        name_variable=name,
    )


def _main_url(read: Reader) -> tuple[URL, tuple[str, str, str]]:
    given = read.text("DATABASE_URL")
    if given is not None:
        return _checked_url(given), ("DATABASE_URL", "DATABASE_URL", "DATABASE_URL")
    places = _places(read, "PG_HOST")
    if places:
        url = URL.create(
            DRIVER,
            username=read.text("PG_USER") or "postgres",
            password=read.text("PG_PASSWORD") or "postgres",
            database=read.text("PG_DATABASE") or "ncanode",
        )
        port = read.integer("PG_PORT", USUAL_PORT, 1, 65535)
        return _at(url, places, port), ("PG_HOST", "PG_HOST", "PG_DATABASE")
    embedded = URL.create("sqlite", database=str(find_embedded(EMBEDDED_DATABASE)))
    return embedded, ("DATABASE_URL", "DATABASE_URL", "DATABASE_URL")


def find_embedded(file: Path) -> Path:
    """Return the file of the embedded database; that of before release 1.0.0 if only it exists."""
    former = file.with_name(FORMER_NAME)
    try:
        return former if former.exists() and not file.exists() else file
    except OSError:  # The folder may not be entered: who opens the file says so.
        return file


def _checked_url(text: str) -> URL:
    """Return the URL that SQLAlchemy understands. Errors don't repeat it: it has a password."""
    # Heroku says postgres://, and older addresses may name the former driver.
    text = re.sub(r"^postgres(ql|ql\+psycopg2)?://", f"{DRIVER}://", text)
    _require_one_at(text)
    places: list[_Place] = []
    several = _SEVERAL.fullmatch(text)
    if several:
        # libpq's notation, which SQLAlchemy doesn't accept.
        places = _split("DATABASE_URL", several[2])
        text = several[1] + several[3]
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise SettingsError("DATABASE_URL is not a database address") from error
    if url.drivername == "sqlite":
        return _checked_sqlite(url)
    if url.port is not None and not 1 <= url.port <= 65535:
        raise SettingsError("DATABASE_URL must have a port from 1 to 65535")
    if url.drivername != DRIVER:
        raise SettingsError("DATABASE_URL must begin with postgresql://, postgres:// or sqlite:///")
    if places and ("host" in url.query or "port" in url.query):
        raise SettingsError("DATABASE_URL must name its hosts once, before the database or after")
    return _at(url, places, None) if places else url


def _require_one_at(text: str) -> None:
    """Refuse an address with an `@` too many: part of a password would be taken for the host.

    The password may contain `/` or `?` before it, so not only the authority part is searched (RFC
    3986, section 3.2), but everything up to the parameters.
    """
    before, _, _ = _PARAMETERS.sub("\n", text, count=1).partition("\n")
    if not text.startswith("sqlite") and before.count("@") > 1:
        raise SettingsError("DATABASE_URL has several @: percent-encode those within it as %40")


def _checked_sqlite(url: URL) -> URL:
    if url.host is not None or url.database in (None, "", ":memory:") or url.query:
        raise SettingsError("DATABASE_URL must name a file: sqlite:////path/to/store.sqlite3")
    return url.set(database=str(Path(str(url.database)).resolve()))


def _database_schema(read: Reader) -> str | None:
    schema = read.text("PG_SCHEMA")
    if schema is None:
        return None
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]{0,62}", schema):
        raise SettingsError("PG_SCHEMA must be a plain schema name of at most 63 characters")
    return schema


def _places(read: Reader, name: str) -> list[_Place]:
    """Return the places that a variable lists; none if it is empty."""
    text = read.text(name)
    return [] if text is None else _split(name, text)


def _split(name: str, text: str) -> list[_Place]:
    """Split a list of hosts, each with a port or without one.

    Raises:
        SettingsError: it is not a list of hosts. The text is not repeated: it may be an address
            with a password.
    """
    try:
        return [_place(one.strip()) for one in text.split(",")]
    except ValueError as error:
        raise SettingsError(
            f"{name} must list hosts such as db.example or db.example:5432, separated by commas"
        ) from error


def _place(text: str) -> _Place:
    """Return a host and a port. Raises ValueError."""
    if text.startswith("/"):  # The folder of a socket.
        return text, None
    if text.count(":") > 1 and not text.startswith("["):
        return str(ip_address(text)), None
    found = _NAMED.fullmatch(text)
    if found is None:
        raise ValueError
    host = str(ip_address(found["ip"])) if found["ip"] else found["host"]
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 1 <= port <= 65535:
        raise ValueError
    return host, port


def _at(url: URL, places: list[_Place], port: int | None) -> URL:
    """Return an address with other hosts; `port` is the default for hosts without one."""
    query = {name: value for name, value in url.query.items() if name not in ("host", "port")}
    bare = url.set(host=None, port=None, query=query)
    ports = [own or port for _, own in places]
    if len(places) == 1:
        return bare.set(host=places[0][0], port=ports[0])
    hosts = ",".join(host for host, _ in places)
    return bare.update_query_dict(
        {"host": hosts, "port": ",".join(str(one or USUAL_PORT) for one in ports)}
    )
