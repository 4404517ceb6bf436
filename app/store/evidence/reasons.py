"""Reasons as they are stored: a text, or a list of templates with their values, of bounded size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from app.cms import Reason

#: Why something isn't obtained: a text, or sentences, each as `template` and `values`.
Reasons: TypeAlias = str | Iterable[Reason | Mapping[str, Any]]
#: The same as it is stored and read, as JSON.
StoredReasons: TypeAlias = str | list[dict[str, Any]]

#: Sentences that are stored at most, values of each, and characters of each text.
MAX_SENTENCES, MAX_VALUES, MAX_CHARACTERS = 10, 10, 500
#: A time as it is stored: in UTC, as `str` writes one.
_TIME = re.compile(r"[0-9]{4}(?:-[0-9]{2}){2} [0-9]{2}(?::[0-9]{2}){2}(?:\.[0-9]{6})?\+00:00")


def bounded(reasons: Reasons | None) -> StoredReasons | None:
    """Return reasons as they are stored, cut to the sizes above; None if there is none."""
    if reasons is None:
        return None
    if isinstance(reasons, str):
        return _short(reasons)
    found: list[dict[str, Any]] = []
    for reason in reasons:
        if len(found) == MAX_SENTENCES:
            break
        found.append(_sentence(reason))
    return found or None


def read_reasons(stored: StoredReasons | None) -> list[Reason]:
    """Return stored reasons as they were given."""
    if isinstance(stored, str):
        return [Reason(template="{text}", values={"text": stored})]
    return [Reason(**{**one, "values": _read_values(one["values"])}) for one in stored or ()]


def _read_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with the times that they were given with, so that each reader's zone counts."""
    return {name: _read_value(value) for name, value in values.items()}


def _read_value(value: Any) -> Any:
    if not (isinstance(value, str) and _TIME.fullmatch(value)):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:  # A name that only looks like one, such as of the 31st of February.
        return value


def _sentence(reason: Reason | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(reason, Reason):
        template, values = reason.template, reason.values
    else:
        template, values = str(reason["template"]), reason.get("values") or {}
    few = list(values.items())[:MAX_VALUES]
    return {
        "template": _short(template),
        "values": {_short(name): _value(one) for name, one in few},
    }


def _value(value: object) -> object:
    # Numbers of more than 64 bits are no JSON for many readers.
    if value is None or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return _short(str(value))


def _short(value: str) -> str:
    """Return a text that both databases can store: PostgreSQL's has no NUL, nor half characters."""
    whole = value[:MAX_CHARACTERS].encode("utf-8", "replace").decode()
    return whole.replace("\x00", "\N{REPLACEMENT CHARACTER}")
