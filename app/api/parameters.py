"""What a request says: query string and body, merged as CONTRACT section 3 describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote_to_bytes

from flask import Request, current_app
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.api.refusals import ParameterError
from app.api.uploads import FILES, MAX_WIDE, MULTIPART, read_multipart

#: A JSON body of ordinary size has a handful of values; this many cost about 10 ms and 10 MB.
MAX_JSON_VALUES = 100_000
#: Fields of a query string or a form; the contract has a dozen, and 200 tags.
MAX_FORM_FIELDS = 1_000
#: Decoding a percent-encoded character takes 230 bytes: this many, 23 MB. The base64 of a
#: signature of 1 MB has fewer.
MAX_ESCAPES = 100_000

#: Bytes from which on the fields of a form are decoded one after the other.
LARGE_FORM = 1_000_000

#: What such a character has in it, as UTF-8, as JSON's escape, and percent-encoded.
_WIDE = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
_WIDE_IN_JSON = (*_WIDE, b"\\ud", b"\\uD")
_WIDE_IN_FORM = (*_WIDE, b"%f", b"%F")

#: A JSON string. One that is not closed is taken to the end: from no quote inside it is there a
#: second look, which would cost the square of its length.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
#: What clients of PHP servers send where there are no parameters, and with what they do.
_NOTHING: tuple[Any, ...] = ([], None, "")
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE"})
#: What stands around JSON: blanks, and a byte order mark.
_BLANKS = b" \t\r\n\xef\xbb\xbf"
#: Content types whose bodies are taken for JSON, though they don't begin so.
_READ_AS_JSON = re.compile(
    r"|text/(?!xml$).*|application/(?:.*\+)?json|application/x-www-form-urlencoded"
)
_LIST_KEY = re.compile(r"(?P<name>[^\[]+)\[[^\]]*\].*", re.DOTALL)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError("a number is too large")
    return number


#: Not orjson: a number keeps its digits, however many they are.
_JSON = json.JSONDecoder(parse_float=str, parse_constant=_refuse_constant)
#: For JSON that is given back: a fraction stays a number.
_JSON_WITH_FRACTIONS = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse_constant)


def read_parameters(
    request: Request,
    *,
    aliases: Mapping[str, str],
    lists: Collection[str],
    fractions: bool = False,
    file: str | None = None,
) -> dict[str, Any]:
    """Merge the query string and the body of a request; the body wins.

    Args:
        request: whose body is a JSON object, whatever its Content-Type says, a form, or a file.
        aliases: older name -> name. The older one counts only where the other is not given.
        lists: names that take several values.
        fractions: whether numbers with a fraction are numbers; else they are their digits as text.
        file: the parameter that a body is which is one file; None: files are not read. What came
            as a file is bytes.

    Raises:
        ParameterError: the body is none of it, a part of it is missing, or all is not in UTF-8.
        RequestEntityTooLarge: it is larger than MAX_CONTENT_LENGTH.
        UnsupportedMediaType: it is of a kind that is not read here.
    """
    merged: dict[str, Any] = {}
    query = request.query_string
    if query:
        merged = _with_names(_from_form(query, lists), aliases)
    body = _read_body(request)
    if not body:
        return merged
    if file is not None and request.mimetype in (MULTIPART, *FILES) and not _may_be_json(body):
        if request.mimetype == MULTIPART:
            parts = read_multipart(body, request.mimetype_params.get("boundary", ""))
            return merged | _with_names(_named(parts, lists), aliases)
        return {**merged, file: body}
    decoder = _JSON_WITH_FRACTIONS if fractions else _JSON
    return merged | _with_names(_from_body(request, body, lists, decoder), aliases)


def _may_be_json(body: bytes) -> bool:
    """Return whether a body begins as an object or a list does."""
    return body[:1] == b"{" or body.lstrip(_BLANKS)[:1] in (b"{", b"[")


def _read_body(request: Request) -> bytes:
    """Read the body to its end, which werkzeug doesn't insist on: half a body is refused."""
    environ = request.environ
    if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" not in environ:
        return b""
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    length = request.content_length
    if length is not None and length > limit:
        raise RequestEntityTooLarge
    stream = environ["wsgi.input"]
    try:
        if length is not None:
            body: bytes = stream.read(length)
        else:
            body = stream.read(limit + 1)  # gunicorn ends it with the last chunk
    except (OSError, ParseException) as error:  # the socket's, or gunicorn's for a bad chunk
        raise ParameterError("Request body can't be read to its end") from error
    if len(body) > limit:
        raise RequestEntityTooLarge
    if length is not None and len(body) < length:
        raise ParameterError("Request body can't be read to its end")
    return body


def _with_names(source: dict[str, Any], aliases: Mapping[str, str]) -> dict[str, Any]:
    for older, name in aliases.items():
        if older in source:
            value = source.pop(older)
            given = source.get(name)
            if given is None or (isinstance(given, str) and not given.strip()):
                source[name] = value
    return source


def _named(given: Mapping[str, list[Any]], lists: Collection[str]) -> dict[str, Any]:
    """Name what was given, as PHP does: `key[]` and `key[0]` make a list, else the last wins."""
    result: dict[str, Any] = {}
    for key, values in given.items():
        bracketed = _LIST_KEY.fullmatch(key) if "[" in key else None
        name = bracketed["name"] if bracketed else key
        if bracketed or name in lists:
            before = result.get(name)
            if not bracketed and before is None and values == [""]:
                result[name] = ""  # Of a form that was left empty; `[]=` is an empty item.
                continue
            result[name] = [*before, *values] if isinstance(before, list) else values
        else:
            result[name] = values[-1]
    return result


def _from_body(
    request: Request, body: bytes, lists: Collection[str], decoder: json.JSONDecoder
) -> dict[str, Any]:
    if not _may_be_json(body):
        if request.mimetype == "application/x-www-form-urlencoded":
            return _from_form(body, lists)
        if not body.strip(_BLANKS):
            return {}
        if not _READ_AS_JSON.fullmatch(request.mimetype):
            raise UnsupportedMediaType
    value = _parse_json(body, decoder)
    if isinstance(value, dict):
        return value
    if value in _NOTHING and request.method in _WITHOUT_BODY:
        return {}
    raise ParameterError("Request body must be a JSON object")


def _from_form(encoded: bytes, lists: Collection[str]) -> dict[str, Any]:
    """Read a query string, or a body of the same form."""
    if encoded.count(b"%") > MAX_ESCAPES:
        raise ParameterError(
            "Request has more than {limit} percent-encoded characters, send JSON",
            limit=MAX_ESCAPES,
        )
    if encoded.count(b"&") >= MAX_FORM_FIELDS:
        raise ParameterError("Request has more than {limit} parameters", limit=MAX_FORM_FIELDS)
    given: dict[str, list[str]] = {}
    try:
        for name, value in _fields(encoded):
            given.setdefault(name, []).append(value)
    except UnicodeDecodeError as error:
        raise ParameterError("Request parameters are not in UTF-8") from error
    return _named(given, lists)


def _fields(encoded: bytes) -> Iterator[tuple[str, str]]:
    """Return names and values; of a large form one after the other, and with fewer copies."""
    if len(encoded) < LARGE_FORM:
        yield from parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict")
        return
    start = 0
    while start <= len(encoded):
        stop = encoded.find(b"&", start)
        stop = len(encoded) if stop < 0 else stop
        _check_width(encoded, start, stop, _WIDE_IN_FORM)
        middle = encoded.find(b"=", start, stop)
        middle = stop if middle < 0 else middle
        if start < stop:
            yield _unquote(encoded[start:middle]), _unquote(encoded[middle + 1 : stop])
        start = stop + 1


def _unquote(part: bytes) -> str:
    return unquote_to_bytes(part.replace(b"+", b" ")).decode()


def _parse_json(body: bytes, decoder: json.JSONDecoder) -> Any:
    _check_json_size(body)
    if len(body) > 2 * MAX_WIDE and _has_any(body, _WIDE):
        raise ParameterError(
            "Request of more than {limit} bytes has a character beyond U+FFFF", limit=2 * MAX_WIDE
        )
    if len(body) > MAX_WIDE and _has_any(body, _WIDE_IN_JSON):
        for string in _STRING.finditer(body):
            _check_width(body, *string.span(), _WIDE_IN_JSON)
    try:
        return decoder.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ParameterError(
            "Request body is not UTF-8 (byte {position})", position=error.start + 1
        ) from error
    except json.JSONDecodeError as error:
        raise ParameterError(
            "Request body is not valid JSON (line {line}, column {column})",
            line=error.lineno,
            column=error.colno,
        ) from error
    except (RecursionError, ValueError) as error:
        # Too deep, or an integer of thousands of digits.
        raise ParameterError("Request body is not acceptable JSON") from error


def _check_width(body: bytes, start: int, stop: int, wide: Iterable[bytes]) -> None:
    """Refuse a large value that would take four times its size. Raises ParameterError."""
    if stop - start > MAX_WIDE and _has_any(body, wide, start, stop):
        raise ParameterError(
            "Request has a value of more than {limit} bytes with a character beyond U+FFFF",
            limit=MAX_WIDE,
        )


def _has_any(body: bytes, wanted: Iterable[bytes], start: int = 0, stop: int | None = None) -> bool:
    return any(body.find(one, start, stop) >= 0 for one in wanted)


def _check_json_size(body: bytes) -> None:
    """Refuse a body of millions of small values, which would cost a hundred times its size."""
    if _count_values(body) > MAX_JSON_VALUES and (
        # The first is less than there are, and counted in no time: taking millions of strings out
        # of a body costs a hundred times its size, too.
        _count_strings(body) > 2 * MAX_JSON_VALUES
        or _count_values(_STRING.sub(b"", body)) > MAX_JSON_VALUES
    ):
        raise ParameterError(
            "Request body has more than {limit} JSON values", limit=MAX_JSON_VALUES
        )


def _count_strings(body: bytes) -> int:
    """Count the quotes that begin strings, at most: those behind a backslash are inside of one."""
    return (body.count(b'"') - body.count(b'\\"')) // 2


def _count_values(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")
