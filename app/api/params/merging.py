"""The parameters of a request: query string and body, merged by the contract's rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from app.api.params.unread import note_doubled
from app.cms import Reason
from app.services import json_bodies
from app.services.bodies import has_body, read_pieces
from app.services.errors import ParameterError, UnsupportedMediaType
from app.services.json_bodies import WIDE, Doubled, MalformedJson, check_width
from app.services.spooled import Spooling
from app.services.uploads import MULTIPART, read_multipart

#: Fields of a query string or a form; the contract has a dozen, and 200 tags.
MAX_FORM_FIELDS = 1_000
#: Percent-encoded characters: decoding one takes 230 bytes, this many 23 MB. The base64 of a
#: signature of 1 MB has fewer.
MAX_ESCAPES = 100_000

#: Bytes from which on the fields of a form are decoded one by one.
LARGE_FORM = 1_000_000

#: The mark of a character beyond U+FFFF, plain and percent-encoded.
_WIDE_IN_FORM = (*WIDE, b"%f", b"%F")

#: What clients of PHP servers send without parameters, and the methods with which they do.
_NOTHING: tuple[Any, ...] = ([], None, "")
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE"})
#: Allowed around JSON: blanks, and a byte order mark.
_BLANKS = b" \t\r\n\xef\xbb\xbf"
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
#: Content types of JSON, and those whose bodies are taken for JSON in any case.
_IS_JSON = re.compile(r"application/(?:.*\+)?json")
_READ_AS_JSON = re.compile(rf"|text/(?!xml$).*|{_IS_JSON.pattern}|{re.escape(_FORM)}")
#: The parameter that may be any document, one in JSON too; nothing else in a file begins as JSON.
_DOCUMENT = "data"
#: For addresses that accept no file as body.
NO_FILES: Mapping[str, str] = MappingProxyType({})
_LIST_KEY = re.compile(r"(?P<name>[^\[]+)\[[^\]]*\].*", re.DOTALL)


def read_parameters(  # noqa: PLR0913 - a request, and what is accepted there
    request: Request,
    *,
    aliases: Mapping[str, str],
    lists: Collection[str],
    fractions: bool = False,
    files: Mapping[str, str] = NO_FILES,
    spooling: Spooling | None = None,
) -> dict[str, Any]:
    """Merge the query string and the body of a request; the body wins.

    Contradictory duplicates are recorded for the answer.

    Args:
        request: whose body is a JSON object, whatever its Content-Type says unless it is that of a
            document, or a form, or a file.
        aliases: older name -> name. The older one counts only if the other is not given.
        lists: names that take several values.
        fractions: whether numbers with a fraction become numbers; else text with their digits.
        files: content type of a body that is one file -> the parameter that it is; where there is
            none, forms with files are not read either. What came as a file is bytes.
        spooling: which files of a form go into a temporary file; None: none.

    Raises:
        ParameterError: the body is none of it, a part of it is missing, or all is not in UTF-8.
        RequestEntityTooLarge: it is larger than MAX_CONTENT_LENGTH.
        UnsupportedMediaType: its type isn't accepted here.
    """
    query = request.query_string
    merged = with_names(_from_form(query, lists), aliases) if query else {}
    pieces = read_pieces(request, None if spooling is None else spooling.most)
    body = next(pieces, b"")
    file = files.get(request.mimetype)
    if not body and not (file == _DOCUMENT and has_body(request)):
        return merged
    _refuse_compressed(request)
    is_json = _may_be_json(body) and file != _DOCUMENT
    if spooling is not None:
        if request.mimetype == MULTIPART and not is_json:
            form = read_multipart(chain([body], pieces), _boundary(request), spooling)
            return merged | with_names(_named(form, lists), aliases)
        body = _join(body, pieces, spooling)
    if file and not is_json:
        return {**merged, file: body}
    kinds = (MULTIPART, *files) if files else ()
    return merged | with_names(_from_body(request, body, lists, kinds, fractions), aliases)


def _refuse_compressed(request: Request) -> None:
    """Refuse a body with a Content-Encoding. Raises UnsupportedMediaType."""
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise UnsupportedMediaType(
            "Request body must have no Content-Encoding: what is compressed is not read here"
        )


def _may_be_json(body: bytes) -> bool:
    """Return whether a body begins as an object or a list does."""
    return body[:1] == b"{" or body.lstrip(_BLANKS)[:1] in (b"{", b"[")


def _join(body: bytes, pieces: Iterator[bytes], spooling: Spooling) -> bytes:
    """Return a body that is no form, whole in memory. Raises RequestEntityTooLarge."""
    parts, size = [body], len(body)
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > spooling.rest:
            raise RequestEntityTooLarge
    return b"".join(parts)


def _boundary(request: Request) -> str:
    """Return what separates the parts of a form. Raises ParameterError if it is not said."""
    boundary = request.mimetype_params.get("boundary")
    if not boundary:
        raise ParameterError(
            "Content-Type of the form has no boundary: leave this header to what makes the form"
        )
    return boundary


def with_names(source: dict[str, Any], aliases: Mapping[str, str]) -> dict[str, Any]:
    """Replace older names; one that contradicts the name is left, for a warning."""
    for older, name in aliases.items():
        if older not in source:
            continue
        value, given = source.pop(older), source.get(name)
        if _is_nothing(given):
            source[name] = value
        elif not _is_nothing(value) and value != given:
            source[older] = value
    return source


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _named(given: Mapping[str, list[Any]], lists: Collection[str]) -> dict[str, Any]:
    """Return values by name, as in PHP: `key[]` and `key[0]` make a list, else the last wins."""
    result: dict[str, Any] = {}
    doubled: list[str] = []
    for key, values in given.items():
        bracketed = _LIST_KEY.fullmatch(key) if "[" in key else None
        name = bracketed["name"] if bracketed else key
        if bracketed or name in lists:
            before = result.get(name)
            if not bracketed and before is None and values == [""]:
                result[name] = ""  # An empty form field; `[]=` is an empty item.
                continue
            result[name] = [*before, *values] if isinstance(before, list) else values
        else:
            result[name] = values[-1]
            if any(value != values[-1] for value in values):
                doubled.append(name)
    note_doubled(doubled)
    return result


def _from_body(
    request: Request, body: bytes, lists: Collection[str], kinds: Collection[str], fractions: bool
) -> dict[str, Any]:
    """Read a body that is no file; `kinds` are the accepted content types beside JSON."""
    if not _may_be_json(body):
        if request.mimetype == _FORM:
            return _from_form(body, lists, kinds)
        if request.mimetype == MULTIPART and MULTIPART in kinds:
            return _named(read_multipart([body], _boundary(request)), lists)
        if not body.strip(_BLANKS):
            return {}
    listed = ", ".join((_JSON, _FORM, *sorted(kinds)))
    if not (_may_be_json(body) or _READ_AS_JSON.fullmatch(request.mimetype)):
        raise UnsupportedMediaType(
            "Request body has a type that is not accepted here: its Content-Type must be one of "
            "{kinds}",
            kinds=listed,
        )
    try:
        return _object(request, json_bodies.parse(body, fractions=fractions))
    except MalformedJson as error:
        if _may_be_json(body) or _IS_JSON.fullmatch(request.mimetype):
            raise ParameterError(error.reason.template, **error.reason.values) from error
        raise ParameterError(
            "{reason}; the body is read as JSON, since its Content-Type is none of {kinds}",
            reason=error.reason,
            kinds=listed,
        ) from error


def _object(request: Request, value: Any) -> dict[str, Any]:
    """Return the parameters in JSON. Raises MalformedJson."""
    if isinstance(value, dict):
        if isinstance(value, Doubled):
            note_doubled(value.doubled)
        return value
    if value in _NOTHING and request.method in _WITHOUT_BODY:
        return {}
    raise MalformedJson(Reason("Request body must be a JSON object"))


def _from_form(
    encoded: bytes, lists: Collection[str], kinds: Collection[str] = ()
) -> dict[str, Any]:
    """Read a query string, or a body in the same format; `kinds` are those that a file may have."""
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
        if kinds:  # curl says of each file that it is a form, unless told otherwise.
            raise ParameterError(
                "Request body is not in UTF-8, as a form is: the Content-Type of a file is one of "
                "{kinds}",
                kinds=", ".join(sorted(kinds)),
            ) from error
        raise ParameterError("Request parameters are not in UTF-8") from error
    return _named(given, lists)


def _fields(encoded: bytes) -> Iterator[tuple[str, str]]:
    """Return names and values; of a large form one by one, with fewer copies."""
    if len(encoded) < LARGE_FORM:
        yield from parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict")
        return
    start = 0
    while start <= len(encoded):
        stop = encoded.find(b"&", start)
        stop = len(encoded) if stop < 0 else stop
        check_width(encoded, start, stop, _WIDE_IN_FORM)
        middle = encoded.find(b"=", start, stop)
        middle = stop if middle < 0 else middle
        if start < stop:
            yield _unquote(encoded[start:middle]), _unquote(encoded[middle + 1 : stop])
        start = stop + 1


def _unquote(part: bytes) -> str:
    return unquote_to_bytes(part.replace(b"+", b" ")).decode()
