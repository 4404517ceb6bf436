"""Requests to the NCANode server, whose answers must not disclose the key.

Neither the key nor its password gets to the client or into a log: failures are reported without the
server's text, and an answer that contains one of them is withheld. The environment's proxies are
not used, since they would see both.
"""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

from app.destinations import AnyDestination

#: Seconds: to connect, between two pieces of the answer, and for all of it. A signature takes the
#: server some seconds, since it requests a timestamp.
CONNECT_TIMEOUT = 5
READ_TIMEOUT = 30
TOTAL_TIMEOUT = 60
#: Characters. A shorter password may be a part of any text: it counts only as a separate word.
SHORT = 8
#: Characters of the server's message that are passed on.
MAX_MESSAGE = 1_000

_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
}
#: NCANode's status values for success: of versions 1 and 2, and of version 3.
_GOOD = (0, 200)
_BASE64URL = str.maketrans("-_", "+/", " \t\r\n")

_log = logging.getLogger(__name__)


class OriginError(Exception):
    """A request can't be forwarded. `template` is the English sentence for the caller."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values


class OriginNotSet(OriginError):
    """No server is configured."""


class OriginRefusal(OriginError):
    """The server refused the request."""


class OriginFailed(OriginError):
    """The server is unavailable, or its answer can't be passed on."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets added to a request that must not be returned: the key in base64, and its password."""

    key: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def params(self) -> dict[str, str]:
        """The parameters with the secrets."""
        return {"p12": self.key, "password": self.password}

    def are_in(self, answer: Any) -> bool:
        """Return whether a JSON value contains one of them, in any of its texts."""
        key = self.key.rstrip("=")
        words = self._words()
        return any(
            key in text.translate(_BASE64URL) or any(word.search(text) for word in words)
            for text in _texts(answer)
        )

    def _words(self) -> list[re.Pattern[str]]:
        """Return patterns of the password, plain and as escaped in JSON."""
        if not self.password:
            return []
        escaped = (self.password, json.dumps(self.password)[1:-1])
        edges = ("", "") if len(self.password) >= SHORT else (r"(?<![^\W_])", r"(?![^\W_])")
        return [re.compile(edges[0] + re.escape(one) + edges[1]) for one in dict.fromkeys(escaped)]


def read_secrets(key: Path | None, password: str | None) -> Secrets | None:
    """Read the operator's key; None if there is none.

    Raises:
        OriginFailed: the file can no longer be read.
    """
    if key is None:
        return None
    try:
        content = key.read_bytes()
    except OSError as error:
        _log.error("NCANODE_KEY can't be read: %s", error.strerror)
        raise OriginFailed("The key for the NCANode server can't be read") from error
    return Secrets(b64encode(content).decode(), password or "")


def ask(url: str, body: bytes, secrets: Secrets | None, limit: int) -> Any:
    """Send a request, and return the answer without its status and message.

    Args:
        url: of the server.
        body: JSON.
        secrets: what `body` contains and the answer must not.
        limit: bytes that the answer may have.

    Raises:
        OriginRefusal: its status, or that of HTTP, means a refusal.
        OriginFailed: there is no usable answer.
    """
    text, http_status = _send(url, body, limit)
    try:
        answer = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise OriginFailed("NCANode server did not answer in JSON") from error
    # The checked value is passed on, not the text that it was parsed from.
    if secrets and secrets.are_in(answer):
        _log.warning("an answer of the NCANode server was withheld: it repeats the key")
        raise OriginFailed(
            "The answer of the NCANode server was withheld: it repeats the key or its password"
        )
    return _result_of(answer, http_status)


def _result_of(answer: Any, http_status: int) -> Any:
    """Return an answer without its status and message. Raises OriginRefusal."""
    said = answer if isinstance(answer, dict) else {}
    status, message = said.pop("status", 0), said.pop("message", None)
    is_good = status in _GOOD and not isinstance(status, bool)
    if is_good and http_status == HTTPStatus.OK:
        return answer
    why = message or (http_status if is_good else status)
    raise OriginRefusal("NCANode server refused: {message}", message=str(why)[:MAX_MESSAGE])


def _send(url: str, body: bytes, limit: int) -> tuple[bytes, int]:
    """Return the answer, and its HTTP status. Raises OriginFailed."""
    # Not needed without such a server, and slow to import.
    from app import http_client  # noqa: PLC0415

    request = http_client.Request(
        url,
        AnyDestination(),
        limit,
        TOTAL_TIMEOUT,
        body,
        _HEADERS,
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        redirects=0,
        any_status=True,
        uses_environment=False,
        has_credentials=True,
    )
    try:
        return http_client.send(request), HTTPStatus.OK
    except http_client.WrongStatus as error:
        return error.body, error.status
    except http_client.RedirectedTooOften as error:
        raise OriginFailed(
            "NCANode server answered with a redirect, which is not followed"
        ) from error
    except http_client.TooSlow as error:
        raise OriginFailed(
            "NCANode server did not answer within {limit} s", limit=TOTAL_TIMEOUT
        ) from error
    except http_client.TooLarge as error:
        raise OriginFailed(
            "The answer of the NCANode server is larger than {limit} bytes", limit=limit
        ) from error
    except http_client.NoAnswer as error:
        _log.warning("NCANode server gave no answer: %s", error.why or type(error).__name__)
        raise OriginFailed("NCANode server can't be reached, or does not answer") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _texts(value: Any) -> Iterator[str]:
    """Return every text in a JSON value: keys, strings and numbers."""
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            yield from one
            rest += one.values()
        elif isinstance(one, list):
            rest += one
        else:
            yield str(one)
