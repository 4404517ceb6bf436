"""Base64 that takes the place of bytes, and bytes that take the place of their base64.

Base64 takes a third more room than its bytes, in PostgreSQL twice as much: it stores a large value
in pieces of which four fill a page. A text can be kept as bytes only if their base64 (RFC 4648
section 4) is that text, to the character: without line ends or any other armour.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from typing import Any

from sqlalchemy import Integer, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: The name of `encode_or_none` in SQLite.
SQLITE_NAME = "base64_text"
#: Characters that are decoded at a time, whole groups of four.
_PIECE = 256 * 1024


def is_base64(text: str) -> bool:
    """Return whether a text is the base64 of some bytes, as it would be written again."""
    if not text or len(text) % 4 or not text.isascii():
        return False
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        try:
            decoded = a2b_base64(piece, strict_mode=True)
        except ValueError:
            return False
        # Strict decoding ignores bits of the last character that stand for nothing.
        if encode(decoded) != piece:
            return False
        if piece.endswith("=") and start + _PIECE < len(text):
            return False
    return True


def stored_as(text: str | bytes) -> tuple[str | None, bytes | None]:
    """Return a text, or the bytes that it is the base64 of, also if these are given."""
    if isinstance(text, bytes):
        return None, text
    return (None, a2b_base64(text)) if is_base64(text) else (text, None)


def encode(value: bytes) -> str:
    """Return the base64 of bytes, without line ends."""
    return b2a_base64(value, newline=False).decode()


def encode_or_none(value: bytes | None) -> str | None:
    """Compute in Python what `base64_text` computes in PostgreSQL."""
    return None if value is None else encode(value)


class base64_text(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """The base64 of bytes, without line ends."""

    type = Text()
    inherit_cache = True


@compiles(base64_text, "postgresql")
def _postgresql_base64(element: base64_text, compiler: SQLCompiler, **kw: Any) -> str:
    # PostgreSQL ends lines as MIME does.
    encoded = f"encode({compiler.process(element.clauses, **kw)}, 'base64')"
    return f"replace({encoded}, chr(10), '')"


@compiles(base64_text, "sqlite")
def _sqlite_base64(element: base64_text, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{SQLITE_NAME}({compiler.process(element.clauses, **kw)})"


class base64_length(FunctionElement[int]):  # noqa: N801 - reads as an SQL function
    """The number of characters of the base64 of bytes, which it doesn't read."""

    type = Integer()
    inherit_cache = True


@compiles(base64_length, "postgresql")
def _postgresql_length(element: base64_length, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(octet_length({compiler.process(element.clauses, **kw)}) + 2) / 3 * 4"


@compiles(base64_length, "sqlite")
def _sqlite_length(element: base64_length, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(length({compiler.process(element.clauses, **kw)}) + 2) / 3 * 4"
