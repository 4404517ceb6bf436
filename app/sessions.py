"""Sessions of pages: a cookie that stands for a token, without being one.

It has the token's id, when it ends, and a MAC of both whose key comes from the stored hash of the
token's secret and SECRET_KEY. So every process can check it, and it ends with the token: revoked,
expired, or rotated once the former secret isn't accepted any more. Without SECRET_KEY, anyone who
can read the table of tokens could make one.

The cookie opens pages only, never the API: no other site can make a browser call that with it.
"""

from __future__ import annotations

import hmac
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from app.auth import CALLER
from app.extensions import db
from app.store.database.engine import impatient
from app.store.tokens import Bearer, list_in_force, note_use, split_token

#: How long one lasts.
LASTS = timedelta(hours=12)
#: The beginning of the endpoints of pages.
PAGES = "web."
#: The addresses of the office's pages, some of which are none: an error there has its menu.
_OFFICE = "/app/"
#: Those that are the same for everyone.
WITHOUT = frozenset({f"{PAGES}get_asset"})
NAME = "tanbahana_session"
#: Browsers accept this one only with Secure, and from the host itself (RFC 6265bis section 4.1.3).
SECURE_NAME = f"__Host-{NAME}"

_VALUE = re.compile(r"([0-9a-f]{16})\.([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)


def init_app(app: Flask) -> None:
    """Authenticate the caller of a page by its session. Call it after `auth.init_app`."""

    def identify() -> None:
        if CALLER in request.environ or not _opens_page():
            return
        value = request.cookies.get(cookie_name())
        if value:
            request.environ[CALLER] = find_bearer_of(value)

    app.before_request(identify)


def _opens_page() -> bool:
    """Return whether a session counts for the current request."""
    if request.endpoint is None:
        return request.path.startswith(_OFFICE)
    return request.endpoint.startswith(PAGES) and request.endpoint not in WITHOUT


def find_bearer(text: str) -> Bearer | None:
    """Return the token of a text, None if it is not in force.

    That it was used is recorded, unless the database refuses it.
    """
    token_id, secret = split_token(text)
    now = datetime.now(UTC)
    with db.engine.connect() as connection:
        bearer = list_in_force(connection).get(token_id)
    if bearer is None or not bearer.has_secret(secret, now):
        return None
    with suppress(SQLAlchemyError), impatient(db.engine) as connection:
        note_use(connection, bearer.id, now.date())
    return bearer


def find_bearer_of(value: str) -> Bearer | None:
    """Return the token that a session stands for, None if either has ended.

    The tokens are read each time, so that revoking one ends its sessions at once.
    """
    parts = _VALUE.fullmatch(value)
    now = datetime.now(UTC)
    if parts is None or int(parts[2]) <= now.timestamp():
        return None
    with db.engine.connect() as connection:
        bearer = list_in_force(connection).get(parts[1])
    if bearer is None:
        return None
    hashes = [bearer.secret_sha256]
    if bearer.old_secret_sha256 and bearer.old_until and now < bearer.old_until:
        hashes.append(bearer.old_secret_sha256)
    same = [hmac.compare_digest(_mac(parts[1], parts[2], one), parts[3]) for one in hashes]
    return bearer if any(same) else None


def write_session(bearer: Bearer) -> str:
    """Return the value of a new session's cookie."""
    ends = datetime.now(UTC) + LASTS
    if bearer.expires_at is not None:
        ends = min(ends, bearer.expires_at)
    until = str(int(ends.timestamp()))
    return f"{bearer.id}.{until}.{_mac(bearer.id, until, bearer.secret_sha256)}"


def set_cookie(response: Response, name: str, value: str, lasts: timedelta | None) -> None:
    """Set a cookie that only this server's own pages send; None: until the browser is closed."""
    response.set_cookie(
        name, value, max_age=lasts, secure=is_secure(), httponly=True, samesite="Strict"
    )


def delete_cookie(response: Response, name: str) -> None:
    """Delete such a cookie."""
    response.delete_cookie(name, secure=is_secure(), httponly=True, samesite="Strict")


def cookie_name() -> str:
    """Return the name of the session's cookie."""
    return SECURE_NAME if is_secure() else NAME


def is_secure() -> bool:
    """Return whether the browser reaches this server by https, which may end at a proxy."""
    public = urlsplit(current_app.config["PUBLIC_URL"] or "")
    return request.is_secure or (public.scheme == "https" and public.netloc == request.host)


def _mac(token_id: str, until: str, secret_sha256: str) -> str:
    """Return the MAC of a session (RFC 2104)."""
    secret: str = current_app.config["SECRET_KEY"] or ""
    key = hmac.new(secret.encode(), b"session " + secret_sha256.encode(), sha256).digest()
    return hmac.new(key, f"{token_id}.{until}".encode(), sha256).hexdigest()
