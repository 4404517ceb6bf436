"""Tokens of callers. Only a hash of the secret is stored."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from app.store.database.types import utc_now
from app.store.errors import TokenExists, TokenNotFound, TokenRevoked
from app.store.models import Token

#: The scopes of a token.
SCOPES = ("read", "write", "delete", "metrics", "admin")

_TEXT = re.compile(r"qol_([0-9a-f]{16})_([0-9a-f]{64})", re.ASCII)
#: Compared if there is no secret: no hash equals it.
_NO_HASH = "-" * 64
_COLUMNS = (
    Token.id,
    Token.name,
    Token.secret_sha256,
    Token.scopes,
    Token.tag_prefix,
    Token.created_at,
    Token.expires_at,
    Token.revoked_at,
    Token.last_used_on,
    Token.old_secret_sha256,
    Token.old_until,
)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token, and what it allows."""

    id: str
    name: str
    secret_sha256: str = field(repr=False)
    scopes: tuple[str, ...]
    #: It gives access only to threads that have a tag with this prefix; None: all.
    tag_prefix: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    #: In UTC.
    last_used_on: date | None
    #: The secret before the last rotation, and until when it is accepted; None: no longer.
    old_secret_sha256: str | None = field(default=None, repr=False)
    old_until: datetime | None = None

    def has_secret(self, secret_sha256: str, now: datetime) -> bool:
        """Return whether this is the hash of an accepted secret, in constant time."""
        is_new = hmac.compare_digest(secret_sha256, self.secret_sha256)
        is_old = hmac.compare_digest(secret_sha256, self.old_secret_sha256 or _NO_HASH)
        return is_new or (is_old and self.old_until is not None and now < self.old_until)

    def may(self, scope: str) -> bool:
        """Return whether it has a scope.

        No scope includes another, except that `admin` includes all, and `read` includes metrics.
        """
        given = self.scopes
        return scope in given or "admin" in given or (scope == "metrics" and "read" in given)


def split_token(text: str) -> tuple[str, str]:
    """Return the id in a token, empty if it is none, and the hash of its secret, or of the text.

    The secret is 256 random bits: it can't be found by trying, so a deliberately slow hash, as for
    passwords, would only slow down every request.
    """
    parts = _TEXT.fullmatch(text)
    token_id, secret = parts.groups() if parts else ("", text)
    return token_id, _hash(secret)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def create_token(
    connection: Connection,
    name: str,
    scopes: Collection[str],
    *,
    expires_at: datetime | None = None,
    tag_prefix: str | None = None,
) -> str:
    """Add a token, and return its text, which is stored nowhere. In a transaction.

    Raises:
        TokenExists: there is, or was, one of that name.
    """
    # Versions are attributed by the name, so it is never used for another token.
    if connection.execute(select(Token.id).where(Token.name == name)).first():
        raise TokenExists(name)
    token_id, secret = secrets.token_hex(8), secrets.token_hex(32)
    connection.execute(
        insert(Token).values(
            id=token_id,
            name=name,
            secret_sha256=_hash(secret),
            scopes=[scope for scope in SCOPES if scope in scopes],
            tag_prefix=tag_prefix,
            created_at=utc_now(),
            expires_at=expires_at,
        )
    )
    return f"qol_{token_id}_{secret}"


def rotate_token(connection: Connection, name: str, old_until: datetime | None = None) -> str:
    """Change the secret of a token, and return its new text. In a transaction.

    Args:
        connection: the transaction's.
        name: of the token.
        old_until: until when the present secret is still accepted; None: no longer. An
            older one is not accepted any more.

    Raises:
        TokenNotFound: there is none of that name.
        TokenRevoked: it was revoked, which can't be undone.
    """
    token_id = _living(connection, name)
    secret = secrets.token_hex(32)
    connection.execute(
        update(Token)
        .where(Token.id == token_id)
        .values(
            secret_sha256=_hash(secret),
            old_secret_sha256=None if old_until is None else Token.secret_sha256,
            old_until=old_until,
        )
    )
    return f"qol_{token_id}_{secret}"


def revoke_token(connection: Connection, name: str) -> None:
    """Revoke a token permanently. In a transaction.

    Raises:
        TokenNotFound: there is none of that name.
        TokenRevoked: it was revoked before.
    """
    token_id = _living(connection, name)
    connection.execute(update(Token).where(Token.id == token_id).values(revoked_at=utc_now()))


def _living(connection: Connection, name: str) -> str:
    found = connection.execute(
        select(Token.id, Token.revoked_at).where(Token.name == name).with_for_update()
    ).first()
    if found is None:
        raise TokenNotFound(name)
    if found.revoked_at is not None:
        raise TokenRevoked(name)
    token_id: str = found.id
    return token_id


def list_tokens(connection: Connection) -> list[Bearer]:
    """Return all tokens, including ended ones, by name."""
    rows = connection.execute(select(*_COLUMNS).order_by(Token.name))
    return [_bearer(row) for row in rows]


def list_in_force(connection: Connection) -> dict[str, Bearer]:
    """Return the tokens that were not revoked and have not expired, by their ids."""
    rows = connection.execute(
        select(*_COLUMNS).where(
            Token.revoked_at.is_(None),
            or_(Token.expires_at.is_(None), Token.expires_at > utc_now()),
        )
    )
    return {row.id: _bearer(row) for row in rows}


def _bearer(row: Sequence[Any]) -> Bearer:
    """Return the token of a row of `_COLUMNS`."""
    token_id, name, secret_sha256, scopes, *more = row
    return Bearer(token_id, name, secret_sha256, tuple(scopes), *more)


def note_use(connection: Connection, token_id: str, day: date) -> None:
    """Record the day, in UTC, on which a token was last used."""
    connection.execute(
        update(Token)
        .where(
            Token.id == token_id,
            func.coalesce(Token.last_used_on, date.min) < day,
        )
        .values(last_used_on=day)
    )
