"""Column types, and SQL functions, that the two databases spell differently."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    BindParameter,
    Boolean,
    DateTime,
    Integer,
    Text,
    TypeDecorator,
    cast,
    column,
    func,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

#: The bounds of the calendar in any zone. PostgreSQL writes times in its server's zone: what is
#: beyond these could be stored, but not read again. A certificate without an end has 9999-12-31.
_EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
_LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


class UtcDateTime(TypeDecorator[datetime]):
    """A time, always in UTC. SQLite stores no zone, so it is attached here and nowhere else."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert an aware datetime into what the database stores."""
        if value is None:
            return None
        utc = min(max(value.astimezone(UTC), _EARLIEST), _LATEST)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Return an aware datetime, also if the database has no zone."""
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)  # type: ignore[no-any-return]  # the driver's value
        return value


class utc_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function that it is
    """The time at which the statement began: one clock, the database's, for all web processes."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(utc_now, "postgresql")
def _postgresql_now(_element: utc_now, _compiler: SQLCompiler, **_kw: Any) -> str:
    # Not clock_timestamp(), which advances between two columns of one row.
    return "statement_timestamp()"


@compiles(utc_now, "sqlite")
def _sqlite_now(_element: utc_now, _compiler: SQLCompiler, **_kw: Any) -> str:
    # SQLite counts milliseconds; the zeros make it the form that SQLAlchemy's DateTime reads.
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


class utc_in(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function that it is
    """The time some seconds, a float, after `utc_now`; before it if they are negative."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(utc_in, "postgresql")
def _postgresql_in(element: utc_in, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"(statement_timestamp() + CAST({seconds} AS double precision) * INTERVAL '1 second')"


@compiles(utc_in, "sqlite")
def _sqlite_in(element: utc_in, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    modifier = f"printf('%+.3f seconds', {seconds})"
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {modifier})"


class random_uuid(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """A random UUID (RFC 9562, version 4) as text in lower case."""

    type = Text()
    inherit_cache = True


@compiles(random_uuid, "postgresql")
def _postgresql_uuid(_element: random_uuid, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "gen_random_uuid()"


@compiles(random_uuid, "sqlite")
def _sqlite_uuid(_element: random_uuid, _compiler: SQLCompiler, **_kw: Any) -> str:
    digits = "lower(hex(randomblob({})))".format
    variant = "substr('89ab', 1 + (random() & 3), 1)"
    return (
        f"{digits(4)} || '-' || {digits(2)} || '-4' || substr({digits(2)}, 2) || '-' || "
        f"{variant} || substr({digits(2)}, 2) || '-' || {digits(6)}"
    )


class TextList(TypeDecorator[Sequence[str]]):
    """Texts of any number as one value: a statement does not depend on how many there are."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return an array of PostgreSQL; SQLite takes JSON."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(Text()))

    def process_bind_param(
        self, value: Sequence[str] | None, dialect: Dialect
    ) -> str | list[str] | None:
        """Convert texts into what the database takes."""
        if value is None:
            return None
        return json.dumps(list(value)) if dialect.name == "sqlite" else list(value)


class is_among(FunctionElement[bool]):  # noqa: N801 - reads as the SQL function that it is
    """Whether a column is one of the texts of a `TextList`."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Self:
        """Return it as it is: compared with 1, as SQLite's booleans are, it would use no index."""
        return self


@compiles(is_among, "postgresql")
def _postgresql_among(element: is_among, compiler: SQLCompiler, **kw: Any) -> str:
    value, texts = (compiler.process(one, **kw) for one in element.clauses)
    return f"{value} = ANY ({texts})"


@compiles(is_among, "sqlite")
def _sqlite_among(element: is_among, compiler: SQLCompiler, **kw: Any) -> str:
    value, texts = (compiler.process(one, **kw) for one in element.clauses)
    return f"{value} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - compiled parts


class octets(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """The number of bytes of a text: that of its characters or more."""

    type = Integer()
    inherit_cache = True


@compiles(octets, "postgresql")
def _postgresql_octets(element: octets, compiler: SQLCompiler, **kw: Any) -> str:
    # It does not read a text that is stored apart from its row.
    return f"octet_length({compiler.process(element.clauses, **kw)})"


@compiles(octets, "sqlite")
def _sqlite_octets(element: octets, compiler: SQLCompiler, **kw: Any) -> str:
    # SQLite has octet_length() since 3.43.
    return f"length(CAST({compiler.process(element.clauses, **kw)} AS BLOB))"


#: Text that is compared and sorted byte by byte, as exact matching needs.
CODE = Text().with_variant(Text(collation="C"), "postgresql")
#: SQLite numbers rows by itself only in a column that is declared INTEGER.
ROW_ID = BigInteger().with_variant(Integer(), "sqlite")
#: A UUID in its usual text form.
PUBLIC_ID = Text().with_variant(postgresql.UUID(as_uuid=False), "postgresql")


def each_item(dialect: str, listed: BindParameter[str]) -> Any:
    """Return the column of the items of a JSON list that is sent as text."""
    if dialect == "sqlite":
        each = func.json_each(listed)
    else:
        each = func.json_array_elements(cast(listed, JSON))
    return each.table_valued(column("value", JSON), name="item", joins_implicitly=True).c.value
