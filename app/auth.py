"""Who may call: what each view demands of its caller, and who that proves to be."""

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

#: What each view demands; None: nothing, it is public. A view that isn't here demands `admin`.
DEMANDS: dict[Callable[..., Any], Scope | None] = {}
#: The views that keep a caller whose token has a tag prefix to what it may reach; all others are
#: closed to that caller.
BOUND_BY_TAGS: set[Callable[..., Any]] = set()

#: Seconds for which the tokens in force are believed to be what they were: after that, one that
#: was revoked is dead in every process.
BELIEVED = 5.0
#: Seconds that lie between two reads for the sake of a secret that isn't among theirs. So a new one
#: is known at once, and guessing costs the database one statement a second in each process.
BELIEVED_MISSING = 1.0
#: Seconds after which it is tried again to keep the day on which a token was used.
AGAIN = 60.0

#: Where a request has its caller: absent if no token was sent, None if it was a wrong one.
_CALLER = "tanbahana.caller"
_CHALLENGE = 'Bearer realm="tanbahana"'
_NOT_ENOUGH = ', error="insufficient_scope"'

_log = logging.getLogger(__name__)


class AccessRefused(Exception):
    """A request that its caller may not make. `template` is the English sentence that says so."""

    template: ClassVar[str]

    def __init__(self, challenge: str = _NOT_ENOUGH, **values: object) -> None:
        super().__init__(self.template.format(**values))
        #: What fills the template's placeholders.
        self.values = values
        #: RFC 6750, section 3: what is wrong with the token, if one was sent.
        self.headers = {"WWW-Authenticate": _CHALLENGE + challenge}


class TokenNeeded(AccessRefused):
    """No token is there, or none that is in force: which of both isn't told."""

    template = "A valid access token is needed"


class ScopeMissing(AccessRefused):
    """The token lets its bearer do other things."""

    template = 'Token does not have the scope "{scope}"'


class TagsOutOfReach(AccessRefused):
    """The token is bound to tags, which nothing at this address has."""

    template = 'Token is bound to tags that begin with "{prefix}", and can\'t be used here'


def needs(scope: Scope, *, by_tags: bool = False) -> Callable[[View], View]:
    """Demand a scope of the caller of a view.

    Args:
        scope: none includes another one, but `admin` includes all.
        by_tags: whether the view keeps a caller with a tag prefix to what the token may reach.
    """

    def demand(view: View) -> View:
        DEMANDS[view] = scope
        if by_tags:
            BOUND_BY_TAGS.add(view)
        return view

    return demand


def public(view: View) -> View:
    """Let everybody call a view."""
    DEMANDS[view] = None
    return view


class TokensInForce:
    """The tokens in force, as the database had them a moment ago.

    All of them are held: they are few, since operators make them by hand. So neither a good nor a
    wrong token costs a statement, and a wrong one is refused out of the same memory. Threads that
    find them outdated at the same time read them each for itself, and wait for no other.
    """

    def __init__(self) -> None:
        #: When they were read, by the monotonic clock, and what was found, by id.
        self._held: tuple[float, dict[str, Bearer]] = (-BELIEVED, {})
        #: When they were read last for the sake of a secret that wasn't among theirs.
        self._missed_at = -inf
        #: By id: the day that was kept last, or was to be, and when that is tried again.
        self._noted: dict[str, tuple[date, float]] = {}

    def find(self, engine: Engine, text: str) -> Bearer | None:
        """Return whose token a text is; None if there is no such token, or it isn't in force.

        Raises:
            SQLAlchemyError: the tokens can't be read, so no caller can be let in.
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
        """Return the token of an id, if the secret of that hash is its own."""
        began = time.monotonic()
        read_at, held = self._held
        if began - read_at >= BELIEVED:
            held = self._read(engine)
        bearer = held.get(token)
        if not (bearer and bearer.has_secret(secret, now)):
            # It may be new, or its secret: another process made it.
            if began - self._missed_at < BELIEVED_MISSING:
                return None
            bearer = self._read(engine).get(token)
            self._missed_at = began  # Now: requests that come during the read, read as well.
        return bearer if bearer and bearer.has_secret(secret, now) else None

    def _read(self, engine: Engine) -> dict[str, Bearer]:
        began = time.monotonic()  # Before: what is revoked while they are read is not too late.
        with engine.connect() as connection:
            held = list_in_force(connection)
        self._held = began, held
        return held

    def _note(self, engine: Engine, bearer: Bearer, today: date) -> None:
        """Keep the day of use: once in each process, and no request fails for it, or waits long."""
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


def init_app(app: Flask, demand_own_page: Callable[[WSGIEnvironment], None]) -> None:
    """Find out, before each request, who calls. `enforce` is to follow.

    Args:
        app: the application.
        demand_own_page: refuses pages of others; asked of requests with HTTP Basic.
    """
    tokens = TokensInForce()
    demand_of = _reading_demands(app)

    def identify() -> None:
        endpoint, environ = request.endpoint, request.environ
        if endpoint is not None and demand_of(endpoint).scope is None:
            return
        text = _given_token(environ)
        if text is None and _is_basic(environ):
            demand_own_page(environ)
            text = _basic_password(environ)
        if text is not None:
            environ[_CALLER] = tokens.find(db.engine, text)

    app.before_request(identify)


def enforce(app: Flask) -> None:
    """Refuse, before each request, a caller who lacks what the view demands.

    What is not there, or not by this method, says so itself.
    """
    demand_of = _reading_demands(app)

    def demand() -> None:
        endpoint = request.endpoint
        if endpoint is not None:
            demand_of(endpoint).make(request.environ)

    app.before_request(demand)


@dataclass(frozen=True, slots=True)
class _Demand:
    """What a view demands of its caller."""

    #: None: nothing.
    scope: Scope | None
    by_tags: bool

    def make(self, environ: WSGIEnvironment) -> None:
        """Refuse a caller who lacks it. Raises AccessRefused."""
        if self.scope is None:
            return
        bearer: Bearer | None = environ.get(_CALLER)
        if bearer is None:
            raise TokenNeeded(', error="invalid_token"' if _CALLER in environ else "")
        if not bearer.may(self.scope):
            raise ScopeMissing(f'{_NOT_ENOUGH}, scope="{self.scope}"', scope=self.scope)
        if bearer.tag_prefix is not None and not self.by_tags:
            raise TagsOutOfReach(prefix=bearer.tag_prefix)


def _reading_demands(app: Flask) -> Callable[[str], _Demand]:
    @cache  # An application's endpoints are few, and don't change.
    def read(endpoint: str) -> _Demand:
        view = app.view_functions[endpoint]
        return _Demand(DEMANDS.get(view, "admin"), view in BOUND_BY_TAGS)

    return read


def reading_public(app: Flask) -> Callable[[str], bool]:
    """Return what tells of an endpoint whether everybody may call it."""
    demand_of = _reading_demands(app)
    return lambda endpoint: demand_of(endpoint).scope is None


def only_reading(app: Flask) -> Callable[[str], bool]:
    """Return what tells of an endpoint whether it changes nothing that is kept."""
    demand_of = _reading_demands(app)
    return lambda endpoint: demand_of(endpoint).scope in (None, "read", "metrics")


def caller() -> Bearer | None:
    """Return whose token is at work; None if none is, or none is asked for."""
    found: Bearer | None = request.environ.get(_CALLER)
    return found


def caller_name() -> str | None:
    """Return the name of the token at work."""
    found = caller()
    return found.name if found else None


def caller_key(request: Request) -> str | None:
    """Return what the requests of a caller are counted by; None without a token."""
    found: Bearer | None = request.environ.get(_CALLER)
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

    No challenge offers it: a browser would ask its user for a password, and keep it.
    """
    given: str = environ.get("HTTP_AUTHORIZATION", "")
    return given[:6].lower() == "basic "


def _basic_password(environ: WSGIEnvironment) -> str:
    """Return the password, which is the token; nothing where there is none."""
    try:
        pair = b64decode(environ["HTTP_AUTHORIZATION"][6:].strip(), validate=True).decode()
    except ValueError:
        return ""
    return pair.partition(":")[2].strip()
