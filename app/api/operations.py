"""What those ask who run the server: is it up, can it serve?"""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from app.api.errors import tell_unavailable
from app.api.ncanode import envelope
from app.auth import public
from app.extensions import db
from app.store import reading
from app.store.readiness import takes_saves

blueprint = Blueprint("operations", __name__, url_prefix="/health")


@blueprint.get("/live")
@public
def live() -> Response:
    """Tell that the process answers."""
    return envelope.success({"health": "live"})


@blueprint.get("/ready")
@public
def ready() -> Response:
    """Return whether the database can be reached and has the newest schema; 503 if not."""
    try:
        with db.engine.connect() as connection:
            migrated = reading.is_migrated(connection)
        is_whole = takes_saves(db.engine)
    except SQLAlchemyError:
        return tell_unavailable("Database can't be reached, or was never migrated")
    if not migrated:
        return tell_unavailable("Database schema is not the one that this program needs")
    if not is_whole:
        return tell_unavailable("Database is full, damaged, or can't be written")
    return envelope.success({"health": "ready"})
