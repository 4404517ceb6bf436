"""JSON request bodies: limited before they are parsed, with duplicate names recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from math import isfinite
from typing import Any, NoReturn

from app.cms import MAX_WIDE_TEXT, Reason
from app.services.errors import ParameterError

#: A JSON body of ordinary size has a handful of values; this many cost about 10 ms and 10 MB.
MAX_JSON_VALUES = 100_000
#: Strings: each value has at most a name and itself.
_MAX_STRINGS = 2 * MAX_JSON_VALUES

#: The mark of a character beyond U+FFFF in UTF-8, and in a JSON escape.
WIDE = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
_WIDE_IN_JSON = (*WIDE, b"\\ud", b"\\uD")

#: A JSON string. An unclosed one is matched to the end: retrying from each quote inside would take
#: quadratic time.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


class Doubled(dict[str, Any]):
    """An object that had members of one name with different values; the last is kept."""

    #: Their names.
    doubled: tuple[str, ...] = ()


class MalformedJson(Exception):
    """A body that is no JSON, or not acceptable JSON; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def parse(body: bytes, *, fractions: bool) -> Any:
    """Parse a body; an object in it with contradictory duplicates is `Doubled`.

    Args:
        body: UTF-8, with or without a byte order mark.
        fractions: whether numbers with a fraction become numbers; else text with their digits.

    Raises:
        ParameterError: it is too large.
        MalformedJson: it is no JSON.
    """
    _check_size(body)
    if len(body) > 2 * MAX_WIDE_TEXT and _has_any(body, WIDE):
        raise ParameterError(
            "Request of more than {limit} bytes has a character beyond U+FFFF",
            limit=2 * MAX_WIDE_TEXT,
        )
    return _decode(body, _JSON_WITH_FRACTIONS if fractions else _JSON)


def _decode(body: bytes, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MalformedJson(
            Reason("Request body is not UTF-8 (byte {position})", {"position": error.start + 1})
        ) from error
    except json.JSONDecodeError as error:
        raise MalformedJson(
            Reason(
                "Request body is not valid JSON (line {line}, column {column})",
                {"line": error.lineno, "column": error.colno},
            )
        ) from error
    except (RecursionError, ValueError) as error:
        # Too deep, or an integer of thousands of digits.
        raise MalformedJson(Reason("Request body is not acceptable JSON")) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError("a number is too large")
    return number


def _keep_last(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object from its members, and record contradictory duplicates."""
    kept = dict(members)
    if len(kept) == len(members):
        return kept
    found = Doubled(kept)
    lost = (name for name, value in members if value != kept[name])
    found.doubled = tuple(dict.fromkeys(lost))
    return found


#: Not orjson: a number keeps all of its digits.
_JSON = json.JSONDecoder(
    parse_float=str, parse_constant=_refuse_constant, object_pairs_hook=_keep_last
)
#: For JSON that is returned: a fraction stays a number.
_JSON_WITH_FRACTIONS = json.JSONDecoder(
    parse_float=_finite, parse_constant=_refuse_constant, object_pairs_hook=_keep_last
)


def check_width(body: bytes, start: int, stop: int, wide: Iterable[bytes]) -> None:
    """Refuse a large value that would take four times its size in memory. Raises ParameterError."""
    if stop - start > MAX_WIDE_TEXT and _has_any(body, wide, start, stop):
        raise ParameterError(
            "Request has a value of more than {limit} bytes with a character beyond U+FFFF",
            limit=MAX_WIDE_TEXT,
        )


def _has_any(body: bytes, wanted: Iterable[bytes], start: int = 0, stop: int | None = None) -> bool:
    return any(body.find(one, start, stop) >= 0 for one in wanted)


def _check_size(body: bytes) -> None:
    """Refuse a body of millions of small values, or with a large one in wide characters.

    Bodies that take a hundred times their size to parse are detected by one pass over their
    strings, which stops at the limit; a body with few quotes and commas needs none. After the first
    syntax error strings may be split differently from the parser, which stops at the error.

    Raises:
        ParameterError: the body is too large.
    """
    is_wide = len(body) > MAX_WIDE_TEXT and _has_any(body, _WIDE_IN_JSON)
    has_many = _count_values(body) > MAX_JSON_VALUES or body.count(b'"') > 2 * _MAX_STRINGS
    if not (is_wide or has_many):
        return
    values = strings = end = 0
    for string in _STRING.finditer(body):
        start, stop = string.span()
        values += _count_values(body, end, start)
        strings += 1
        if values > MAX_JSON_VALUES or strings > _MAX_STRINGS:
            break
        if is_wide:
            check_width(body, start, stop, _WIDE_IN_JSON)
        end = stop
    if strings > _MAX_STRINGS or values + _count_values(body, end) > MAX_JSON_VALUES:
        raise ParameterError(
            "Request body has more than {limit} JSON values", limit=MAX_JSON_VALUES
        )


def _count_values(body: bytes, start: int = 0, stop: int | None = None) -> int:
    return sum(body.count(sign, start, stop) for sign in (b",", b"[", b"{"))
