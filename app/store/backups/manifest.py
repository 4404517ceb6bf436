"""The manifest: what a backup contains."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from app.store.backups.errors import BackupError

#: Version of the file format; a program reads only versions that it knows.
FORM = "tanbahana backup"
#: What it was called before release 1.0.0; all else is the same.
FORMER_FORM = "qoltanba backup"
VERSION = 1
MAX_SIZE = 8 * 1024 * 1024

_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")
_STEP = re.compile(r"[0-9]{4}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: A file of TRUST_DIR or of its subfolder; no name with a special meaning for the system.
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
        """Its name in the archive."""
        return f"tables/{self.name}.jsonl"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of TRUST_DIR, by its relative path."""

    name: str
    size: int
    sha256: str

    @property
    def member(self) -> str:
        """Its name in the archive."""
        return f"trust/{self.name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything in a backup."""

    program: str
    made_at: str
    #: Migration step of the schema of the rows.
    step: str
    tables: tuple[TableEntry, ...]
    #: The last id that a table has assigned.
    counters: dict[str, int]
    trust: tuple[FileEntry, ...]

    def write(self) -> bytes:
        """Return the manifest as JSON."""
        whole = {"form": FORM, "version": VERSION, **asdict(self)}
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2)

    @classmethod
    def read(cls, data: bytes) -> Manifest:
        """Parse a manifest, and check that nothing in it is dangerous. Raises BackupError."""
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
    """Return the manifest; raise ValueError, KeyError, TypeError or AttributeError if invalid."""
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
