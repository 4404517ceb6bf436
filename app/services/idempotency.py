"""The key of a request that is to happen once (draft-ietf-httpapi-idempotency-key-header-07)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import orjson
from flask import Request

from app.auth import caller
from app.services.errors import ParameterError
from app.services.spooled import Upload
from app.store.signatures.once import Once

#: The header, and characters of a key.
HEADER = "Idempotency-Key"
MAX_KEY = 255
#: A key, and a String (RFC 8941 section 3.3.3), as the draft has it; most clients omit its quotes.
_KEY = re.compile(rf"[ -~]{{1,{MAX_KEY}}}")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_ESCAPED = re.compile(r"\\(.)")
#: Characters of a text that are hashed at a time: a copy of all of it is not needed.
_PIECE = 64 * 1024

#: What a request says, one value after the other.
Values = Iterable[str | bytes | Upload | int | None]


@dataclass(frozen=True, slots=True)
class SentKey:
    """A key as the caller sent it, and where."""

    text: str
    field: str

    def __post_init__(self) -> None:
        """Raise ParameterError if it isn't acceptable as a key."""
        if not _KEY.fullmatch(self.text):
            raise ParameterError(
                '"{field}" must be 1 to {limit} printable ASCII characters',
                field=self.field,
                limit=MAX_KEY,
            )


def read_key(request: Request) -> SentKey | None:
    """Return the key in the header of a request; None if there is none. Raises ParameterError."""
    text = request.headers.get(HEADER)
    if text is None:
        return None
    text = text.strip(" \t")
    if text.startswith('"'):
        quoted = _STRING.fullmatch(text)
        text = _ESCAPED.sub(r"\1", quoted[1]) if quoted else ""
    return SentKey(text, HEADER)


def make_once(sent: SentKey, said: Values, thread: tuple[str, str]) -> Once:
    """Return a save that is to happen once.

    Args:
        sent: the key.
        said: all parameters of the save.
        thread: document and thread, to which the key belongs if the caller has no token.
    """
    bearer = caller()
    scope = ("thread", *thread) if bearer is None else ("token", bearer.id)
    return Once(sha256(orjson.dumps((*scope, sent.text))).digest(), _hash(said), sent.field)


def _hash(said: Values) -> bytes:
    """Return the SHA-256 of values, each with its type and its length."""
    digest = sha256()
    for value in said:
        if isinstance(value, str):
            digest.update(b"text %d " % len(value))
            for start in range(0, len(value), _PIECE):
                digest.update(value[start : start + _PIECE].encode())
        elif isinstance(value, bytes | Upload):
            digest.update(b"bytes %d " % len(value))
            pieces = [value] if isinstance(value, bytes) else value.pieces(_PIECE)
            for piece in pieces:
                digest.update(piece)
        else:
            digest.update(b"none " if value is None else b"number %d " % value)
    return digest.digest()
