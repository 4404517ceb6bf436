"""Text in small letters, by the same rule on both databases and in every locale of theirs.

SQLite's own `lower` knows Latin letters alone, and that of PostgreSQL as many as its locale. Marks
are composed with their letters (Unicode's NFC): macOS takes й and ё apart in the names of files.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

#: The capitals of Russian and Kazakh, and those of Latin.
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯӘҒҚҢӨҰҮҺІ"
_SMALL = _CAPITALS.lower()
_TABLE = str.maketrans(_CAPITALS, _SMALL)
#: What SQLite calls `write_small` by.
SQLITE_NAME = "small_letters"


class small_letters(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """Text in NFC, with the capitals of Latin, Russian and Kazakh in small letters."""

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
    """Do in Python what `small_letters` does in PostgreSQL."""
    return None if text is None else unicodedata.normalize("NFC", text).translate(_TABLE)
