"""Single values, as clients of PHP servers send them: converted, or refused with one sentence."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from app.services.errors import ParameterError

#: Characters of a document, thread, tag, stage, name or comment.
MAX_TEXT = 255
#: The largest number that a database column or a LIMIT accepts.
MAX_INTEGER = 2**63 - 1

#: Characters that PHP's trim() removes, except NUL, which is refused.
BLANKS = " \t\n\r\v"
_SURROGATE = re.compile("[\ud800-\udfff]")
#: RFC 6838 section 4.2.
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
#: A float of a whole number, which PHP and Gson write for an integer, is one.
_INTEGER = re.compile(r"([+-]?[0-9]{1,1000})(?:\.0{1,20})?")


def as_text(value: Any, name: str) -> str:
    """Return text for text or a number.

    Raises:
        ParameterError: it is something else.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ParameterError('"{field}" parameter must be text', field=name)


def as_list(value: Any) -> Any:
    """Return a list for an object whose keys, if any, are numbers; anything else unchanged.

    PHP's `json_encode` writes a list with a gap as such an object.
    """
    if isinstance(value, dict) and all(key.isdecimal() for key in value):
        return list(value.values())
    return value


def is_blank(value: Any) -> bool:
    """Return whether a value is only blanks: it counts as not given."""
    return isinstance(value, str) and not value.strip(BLANKS)


def check_text(text: str, name: str, limit: int | None) -> str:
    """Return the text if a database can store it.

    Raises:
        ParameterError: it is too long, or has a NUL or a lone surrogate.
    """
    if limit is not None and len(text) > limit:
        raise ParameterError(
            '"{field}" parameter must be at most {limit} characters long', field=name, limit=limit
        )
    if "\0" in text:
        if limit is None:
            raise ParameterError('"{field}" parameter must not contain NUL', field=name)
        raise ParameterError(
            '"{field}" parameter must be text of at most {limit} characters without NUL',
            field=name,
            limit=limit,
        )
    if not text.isascii() and _SURROGATE.search(text):
        raise ParameterError('"{field}" parameter is not valid Unicode', field=name)
    return text


def is_media_type(text: str) -> bool:
    """Return whether a text is a media type in lower case, without parameters."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def as_integer(value: Any, name: str) -> int:
    """Return the number for a number or its decimal text.

    Raises:
        ParameterError: it is something else.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    whole = _INTEGER.fullmatch(value.strip(BLANKS)) if isinstance(value, str) else None
    if whole:
        return int(whole[1])
    raise ParameterError('"{field}" parameter must be an integer', field=name)


def refuse_moment(name: str, error: Exception) -> NoReturn:
    """Refuse a time, with an example of the format. Raises ParameterError."""
    raise ParameterError(
        '"{field}" parameter must be a date or a time such as 2026-01-31 23:59:59', field=name
    ) from error
