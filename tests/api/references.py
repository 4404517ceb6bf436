"""The references of other signing systems, where their folder is at hand: it is not part of us."""

import re
from pathlib import Path
from typing import Any

#: What a reference calls a type of JSON.
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list}

_FOLDER = Path(__file__).parents[2].parent / "shared" / "seeds"
_FIELD = re.compile(r"- `(?P<name>[\w.]+)` \((?P<kind>\w+)\)")


def reference(number: str) -> str | None:
    """Return the text of the reference with this number, None if it is not there."""
    for path in _FOLDER.glob(f"{number}_*.txt"):
        return path.read_text(encoding="utf-8")
    return None


def fields_of(text: str) -> dict[str, type]:
    """Return the fields that a part of a reference lists, in its order, with their types."""
    return {match["name"]: TYPES[match["kind"]] for match in _FIELD.finditer(text)}


def types_of(value: dict[str, Any]) -> dict[str, type]:
    """Return the types of an object's members."""
    return {name: type(member) for name, member in value.items()}
