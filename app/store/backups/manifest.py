"""What a backup says of itself."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from app.store.backups.errors import BackupError

#: Of the form of the file; a program reads what it knows.
FORM = "tanbahana backup"
#: What it was called before release 1.0.0; all else is the same.
FORMER_FORM = "qoltanba backup"
VERSION = 1
MAX_SIZE = 8 * 1024 * 1024

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_STEP = re.compile(r"[0-9]{4}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: A file of TRUST_DIR or of its subfolder; not one that others, or the system, take for more.
_FILE = re.compile(r"(?:intermediates/)?[^/\0.][^/\0]{0,254}")


@dataclass(frozen=True, slots=True)
class TableEntry:
    """The rows of a table: how many, and the SHA-256 of their lines, hex."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        """Where they are in the archive."""
        return f"tables/{self.name}.jsonl"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of TRUST_DIR, by its path in there."""

    name: str
    size: int
    sha256: str

    @property
    def member(self) -> str:
        """Where it is in the archive."""
        return f"trust/{self.name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is in a backup."""

    program: str
    made_at: str
    #: Of the schema that the rows fit.
    step: str
    tables: tuple[TableEntry, ...]
    #: The last id that a table has given.
    counters: dict[str, int]
    trust: tuple[FileEntry, ...]

    def write(self) -> bytes:
        """Return it as JSON."""
        whole = {"form": FORM, "version": VERSION, **asdict(self)}
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2)

    @classmethod
    def read(cls, data: bytes) -> Manifest:
        """Read it, and check that nothing in it can lead astray. Raises BackupError."""
        try:
            found = orjson.loads(data)
            form, version = found.pop("form"), found.pop("version")
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise BackupError("it is no backup of this program") from error
        if form not in (FORM, FORMER_FORM) or version != VERSION:
            raise BackupError(f"its form ({form}, {version}) is not known to this program")
        try:
            return _checked(found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupError("its manifest can't be read") from error


def _checked(found: dict[str, Any]) -> Manifest:
    """Return a manifest; raise ValueError, KeyError, TypeError or AttributeError if it is odd."""
    tables = tuple(
        TableEntry(
            _match(_IDENTIFIER, one["name"]),
            tuple(_match(_IDENTIFIER, name) for name in one["columns"]),
            int(one["rows"]),
            _match(_SHA256, one["sha256"]),
        )
        for one in found["tables"]
    )
    trust = tuple(
        FileEntry(_match(_FILE, one["name"]), int(one["size"]), _match(_SHA256, one["sha256"]))
        for one in found["trust"]
    )
    counters = {_match(_IDENTIFIER, name): int(last) for name, last in found["counters"].items()}
    step = _match(_STEP, found["step"])
    return Manifest(str(found["program"]), str(found["made_at"]), step, tables, counters, trust)


def _match(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(value)
    return value
