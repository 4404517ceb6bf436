"""What an application has one of: made once, bound to it by `factory`."""

from __future__ import annotations

from flask import current_app
from flask_sqlalchemy import SQLAlchemy

from app.store.models import Base
from app.trust import Trust

db = SQLAlchemy(model_class=Base)


def current_trust() -> Trust:
    """Give the verifier of the application at work."""
    trust: Trust = current_app.extensions["trust"]
    return trust
