"""Authentication and authorisation: the caller's token, and what each view requires of it."""

from __future__ import annotations

import logging
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from flask import Flask, Request, request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.store.database.engine import impatient
from app.store.tokens import Bearer, list_in_force, note_use, split_token

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Scope = Literal["read", "write", "delete", "metrics", "admin"]

View = TypeVar("View", bound=Callable[..., Any])

#: What each view requires; None: nothing, it is public. A view that isn't listed requires `admin`.
REQUIREMENTS: dict[Callable[..., Any], Scope | None] = {}
#: The views that restrict a caller whose token has a tag prefix to the permitted threads; all
#: others are closed to such a caller.
BOUND_BY_TAGS: set[Callable[..., Any]] = set()

#: Seconds for which the active tokens are cached: after that, a revoked one is refused in every
#: process.
BELIEVED = 5.0
#: Minimum seconds between two reads because of an unknown secret. So a new one is known
#: immediately, and guessing costs the database one statement a second in each process.
BELIEVED_MISSING = 1.0
#: Seconds until recording the day of a token's use is retried.
AGAIN = 60.0

#: The WSGI key of the caller: absent if no token was sent, None if a wrong one; or by a session.
CALLER = "tanbahana.caller"
_CHALLENGE = 'Bearer realm="tanbahana"'
_NOT_ENOUGH = ', error="insufficient_scope"'

_log = logging.getLogger(__name__)


class AccessRefused(Exception):
    """A request that its caller may not make. `template` is the English sentence."""

    template: ClassVar[str]

    def __init__(self, challenge: str = _NOT_ENOUGH, **values: object) -> None:
        super().__init__(self.template.format(**values))
        #: Values of the template's placeholders.
        self.values = values
        #: RFC 6750, section 3: what is wrong with the token, if one was sent.
        self.headers = {"WWW-Authenticate": _CHALLENGE + challenge}


class TokenNeeded(AccessRefused):
    """There is no token, or no active one: which of both is not disclosed."""

    template = "A valid access token is needed"


class ScopeMissing(AccessRefused):
    """The token lacks the required scope."""

    template = 'Token does not have the scope "{scope}"'


class TagsOutOfReach(AccessRefused):
    """The token is limited to tags, and nothing at this address has tags."""

    template = 'Token is bound to tags that begin with "{prefix}", and can\'t be used here'


def needs(scope: Scope, *, by_tags: bool = False) -> Callable[[View], View]:
    """Require a scope of the caller of a view.

    Args:
        scope: none includes another one, except that `admin` includes all.
        by_tags: whether the view restricts a caller with a tag prefix to permitted threads.
    """

    def demand(view: View) -> View:
        REQUIREMENTS[view] = scope
        if by_tags:
            BOUND_BY_TAGS.add(view)
        return view

    return demand


def public(view: View) -> View:
    """Make a view public."""
    REQUIREMENTS[view] = None
    return view


class TokensInForce:
    """The active tokens, as the database had them up to some seconds ago.

    All of them are in memory: they are few, since operators create them by hand. So neither a valid
    nor an invalid token costs a statement. Threads that find them outdated at the same time each
    read them, and wait for no other.
    """

    def __init__(self) -> None:
        #: When they were read, by the monotonic clock, and the tokens by id.
        self._held: tuple[float, dict[str, Bearer]] = (-BELIEVED, {})
        #: When they were last read because of an unknown secret.
        self._missed_at = -inf
        #: By id: the last recorded day of use, or the one to record, and when that is retried.
        self._noted: dict[str, tuple[date, float]] = {}

    def find(self, engine: Engine, text: str) -> Bearer | None:
        """Return the token of a text; None if there is no such token, or it isn't active.

        Raises:
            SQLAlchemyError: the tokens can't be read, so no caller can be admitted.
        """
        now = datetime.now(UTC)
        bearer = self._find_good(engine, *split_token(text), now)
        if bearer is None:
            return None
        if bearer.expires_at is not None and bearer.expires_at <= now:
            return None
        self._note(engine, bearer, now.date())
        return bearer

    def _find_good(self, engine: Engine, token: str, secret: str, now: datetime) -> Bearer | None:
        """Return the token of an id, if the hash is that of its secret."""
        began = time.monotonic()
        read_at, held = self._held
        if began - read_at >= BELIEVED:
            held = self._read(engine)
        bearer = held.get(token)
        if not (bearer and bearer.has_secret(secret, now)):
            # It, or its secret, may be new: created by another process.
            if began - self._missed_at < BELIEVED_MISSING:
                return None
            bearer = self._read(engine).get(token)
            self._missed_at = began  # Now: later requests read as well.
        return bearer if bearer and bearer.has_secret(secret, now) else None

    def _read(self, engine: Engine) -> dict[str, Bearer]:
        began = time.monotonic()  # Before: revocations during the read count.
        with engine.connect() as connection:
            held = list_in_force(connection)
        self._held = began, held
        return held

    def _note(self, engine: Engine, bearer: Bearer, today: date) -> None:
        """Record the day of use, once in each process; no request fails or waits long for it."""
        if bearer.last_used_on is not None and bearer.last_used_on >= today:
            return
        day, again_at = self._noted.get(bearer.id, (today, 0.0))
        if day == today and time.monotonic() < again_at:
            return
        self._noted[bearer.id] = today, time.monotonic() + AGAIN
        try:
            with impatient(engine) as connection:
                note_use(connection, bearer.id, today)
            self._noted[bearer.id] = today, inf
        except SQLAlchemyError as error:
            _log.warning("the day on which a token was used is not kept: %s", type(error).__name__)


def init_app(app: Flask, require_own_page: Callable[[WSGIEnvironment], None]) -> None:
    """Authenticate the caller before each request. `enforce` has to follow.

    Args:
        app: the application.
        require_own_page: refuses pages of other origins; called for requests with HTTP Basic.
    """
    tokens = TokensInForce()
    requirement_of = _reading_requirements(app)

    def identify() -> None:
        endpoint, environ = request.endpoint, request.environ
        if endpoint is not None and requirement_of(endpoint).scope is None:
            return
        text = _given_token(environ)
        if text is None and _is_basic(environ):
            require_own_page(environ)
            text = _basic_password(environ)
        if text is not None:
            environ[CALLER] = tokens.find(db.engine, text)

    app.before_request(identify)


def enforce(app: Flask) -> None:
    """Refuse, before each request, a caller that lacks what the view requires.

    Unknown addresses and methods are answered as such.
    """
    requirement_of = _reading_requirements(app)

    def demand() -> None:
        endpoint = request.endpoint
        if endpoint is not None:
            requirement_of(endpoint).make(request.environ)

    app.before_request(demand)


@dataclass(frozen=True, slots=True)
class _Requirement:
    """The requirement of a view on its caller."""

    #: None: nothing.
    scope: Scope | None
    by_tags: bool

    def make(self, environ: WSGIEnvironment) -> None:
        """Refuse a caller that does not meet it. Raises AccessRefused."""
        if self.scope is None:
            return
        bearer: Bearer | None = environ.get(CALLER)
        if bearer is None:
            raise TokenNeeded(', error="invalid_token"' if CALLER in environ else "")
        if not bearer.may(self.scope):
            raise ScopeMissing(f'{_NOT_ENOUGH}, scope="{self.scope}"', scope=self.scope)
        if bearer.tag_prefix is not None and not self.by_tags:
            raise TagsOutOfReach(prefix=bearer.tag_prefix)


def _reading_requirements(app: Flask) -> Callable[[str], _Requirement]:
    @cache  # An application's endpoints are few, and don't change.
    def read(endpoint: str) -> _Requirement:
        view = app.view_functions[endpoint]
        return _Requirement(REQUIREMENTS.get(view, "admin"), view in BOUND_BY_TAGS)

    return read


def reading_public(app: Flask) -> Callable[[str], bool]:
    """Return a function that returns whether an endpoint is public."""
    requirement_of = _reading_requirements(app)
    return lambda endpoint: requirement_of(endpoint).scope is None


def only_reading(app: Flask) -> Callable[[str], bool]:
    """Return a function that returns whether an endpoint changes nothing in the store."""
    requirement_of = _reading_requirements(app)
    return lambda endpoint: requirement_of(endpoint).scope in (None, "read", "metrics")


def caller() -> Bearer | None:
    """Return the caller's token; None if there is none, or none is required."""
    found: Bearer | None = request.environ.get(CALLER)
    return found


def caller_may(scope: Scope) -> bool:
    """Return whether the caller has a scope; yes where no token is required."""
    found = caller()
    return found is None or found.may(scope)


def require_scope(scope: Scope) -> None:
    """Require a scope of the caller beyond that of the view. Raises ScopeMissing."""
    if not caller_may(scope):
        raise ScopeMissing(f'{_NOT_ENOUGH}, scope="{scope}"', scope=scope)


def caller_name() -> str | None:
    """Return the name of the caller's token."""
    found = caller()
    return found.name if found else None


def caller_key(request: Request) -> str | None:
    """Return the rate-limit key of a caller; None without a token."""
    found: Bearer | None = request.environ.get(CALLER)
    return f"token {found.id}" if found else None


def _given_token(environ: WSGIEnvironment) -> str | None:
    """Return the token of a request: `Authorization: Bearer`, `api_key` or `X-Api-Key`."""
    given: str = environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = given.partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    found: str = environ.get("HTTP_API_KEY") or environ.get("HTTP_X_API_KEY", "")
    return found.strip() or None


def _is_basic(environ: WSGIEnvironment) -> bool:
    """Return whether a request authenticates by HTTP Basic (RFC 7617), as the vendor's client may.

    No challenge offers it: a browser would ask its user for a password, and store it.
    """
    given: str = environ.get("HTTP_AUTHORIZATION", "")
    return given[:6].lower() == "basic "


def _basic_password(environ: WSGIEnvironment) -> str:
    """Return the password, which is the token; empty if there is none."""
    try:
        pair = b64decode(environ["HTTP_AUTHORIZATION"][6:].strip(), validate=True).decode()
    except ValueError:
        return ""
    return pair.partition(":")[2].strip()
