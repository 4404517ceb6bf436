"""Tokens for tests, and how they are shown."""

from __future__ import annotations

from datetime import datetime

from flask import Flask

from app.extensions import db
from app.store import tokens
from app.store.database.engine import transaction


def make_token(
    app: Flask,
    name: str = "office",
    *scopes: str,
    tag_prefix: str | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Add a token to an application's database; its scope is `read` if none is named."""
    with app.app_context(), transaction(db.engine) as connection:
        return tokens.create_token(
            connection, name, scopes or ("read",), tag_prefix=tag_prefix, expires_at=expires_at
        )


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}
