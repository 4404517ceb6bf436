"""Text in lower case, by the same rule on both databases and in every locale.

SQLite's own `lower` handles ASCII letters only, PostgreSQL's those of its locale. Marks are
composed with their letters (Unicode NFC): macOS decomposes й and ё in file names.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: The upper-case letters of Russian and Kazakh, and the Latin ones.
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯӘҒҚҢӨҰҮҺІ"
_SMALL = _CAPITALS.lower()
_TABLE = str.maketrans(_CAPITALS, _SMALL)
#: The name of `write_small` in SQLite.
SQLITE_NAME = "small_letters"


class small_letters(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """Text in NFC, with upper-case Latin, Russian and Kazakh letters in lower case."""

    type = Text()
    inherit_cache = True


@compiles(small_letters, "postgresql")
def _postgresql_small(element: small_letters, compiler: SQLCompiler, **kw: Any) -> str:
    composed = f"normalize({compiler.process(element.clauses, **kw)})"
    return f"translate({composed}, '{_CAPITALS}', '{_SMALL}')"


@compiles(small_letters, "sqlite")
def _sqlite_small(element: small_letters, compiler: SQLCompiler, **kw: Any) -> str:
    return f"{SQLITE_NAME}({compiler.process(element.clauses, **kw)})"


def write_small(text: str | None) -> str | None:
    """Compute in Python what `small_letters` computes in PostgreSQL."""
    return None if text is None else unicodedata.normalize("NFC", text).translate(_TABLE)
