"""The fields of a form that was sent: read within limits, and none of them left out in silence.

A page is refused if what it sent would be read otherwise than it was meant: a field that is not
known, one that is given twice, a text in place of a file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.services.bodies import read_pieces
from app.services.errors import ParameterError
from app.services.uploads import MULTIPART, FormTooLarge, read_multipart

#: Bytes of all that is written into a form, and of a whole form without files.
MAX_TEXTS: Final = 65_536
#: Fields of a form without files; the largest has three.
MAX_FIELDS: Final = 100
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Posted:
    """What a form sent: each field with all of its values, files as bytes."""

    given: dict[str, list[Any]]

    def require_known(self, texts: Collection[str], files: Collection[str] = ()) -> None:
        """Require that all that was sent is read.

        Args:
            texts: names of fields with text.
            files: names of fields with files.

        Raises:
            ParameterError: a field has another name, another kind, or several values.
        """
        for name, values in self.given.items():
            if name not in texts and name not in files:
                raise ParameterError('"{field}" parameter is not read here', field=name[:64])
            # A text that is empty says nothing, whatever it is of.
            kinds = {type(value) for value in values if value}
            if name in texts and bytes in kinds:
                raise ParameterError('"{field}" parameter must be text', field=name)
            if name in files and str in kinds:
                raise ParameterError('"{field}" parameter must be a file', field=name)
            if any(value != values[0] for value in values):
                raise ParameterError('"{field}" parameter must be given once', field=name)

    def text(self, name: str) -> str:
        """Return a field's text without the blanks around it, empty if it was not sent.

        Raises:
            ParameterError: it has a NUL, which PostgreSQL can't store as text.
        """
        found = self.given.get(name, [""])[-1]
        if not isinstance(found, str):
            raise ParameterError('"{field}" parameter must be text', field=name)
        if "\0" in found:
            raise ParameterError('"{field}" parameter must not contain NUL', field=name)
        return found.strip()

    def file(self, name: str) -> bytes | None:
        """Return a file; None if none was chosen."""
        found = self.given.get(name, [None])[-1]
        return found if isinstance(found, bytes) else None

    def take(self, name: str) -> bytes | None:
        """Return a file, which is not held here from now on; None if none was chosen."""
        found = self.file(name)
        self.given.pop(name, None)
        return found


def read_posted(*, files: bool = False) -> Posted:
    """Read a form; of another type it has no fields.

    Args:
        files: whether it may have files, and is as large as MAX_CONTENT_LENGTH.

    Raises:
        ParameterError: it is incomplete, is not in UTF-8, or has too many fields.
        RequestEntityTooLarge: it is larger than it may be; FormTooLarge if by its texts.
    """
    if request.mimetype == MULTIPART:
        limit = current_app.config["MAX_CONTENT_LENGTH"] if files else MAX_TEXTS
        boundary = request.mimetype_params.get("boundary", "")
        return Posted(read_multipart(_pieces(limit), boundary, texts=MAX_TEXTS))
    if request.mimetype == _FORM:
        return Posted(_read_urlencoded(b"".join(_pieces(MAX_TEXTS))))
    return Posted({})


def _pieces(limit: int) -> Iterator[bytes]:
    """Read the body. Raises RequestEntityTooLarge; FormTooLarge of a form without files."""
    try:
        yield from read_pieces(request, limit)
    except RequestEntityTooLarge as error:
        raise (FormTooLarge if limit == MAX_TEXTS else type(error)) from error


def _read_urlencoded(body: bytes) -> dict[str, list[str]]:
    """Return the fields of a small form. Raises ParameterError."""
    if body.count(b"&") >= MAX_FIELDS:
        raise ParameterError("Request has more than {limit} parameters", limit=MAX_FIELDS)
    given: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(body.decode(), keep_blank_values=True, errors="strict"):
            given.setdefault(name, []).append(value)
    except UnicodeDecodeError as error:
        raise ParameterError("Request parameters are not in UTF-8") from error
    return given
