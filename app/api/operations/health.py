"""Health checks: is the server up, can it serve?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Blueprint, Response, current_app

from app.api import envelope
from app.api.errors import answer_unavailable
from app.auth import public
from app.extensions import db
from app.store.migrations.readiness import Fault, Readiness

#: The description file of endpoints that belong to no family.
OPENAPI = Path(__file__).with_name("openapi.yaml")

blueprint = Blueprint("operations", __name__, url_prefix="/health")


@blueprint.get("/live")
@public
def live() -> Response:
    """Answer that the process is running."""
    return envelope.success({"health": "live"})


@blueprint.get("/ready")
@public
def ready() -> Response:
    """Return whether a save would succeed; 503 and the reason, if not."""
    readiness: Readiness = current_app.extensions["readiness"]
    fault = readiness.find_fault(db.engine)
    if fault is None:
        return envelope.success({"health": "ready"})
    return _FAULTS[fault]()


_FAULTS: dict[Fault, Callable[[], Response]] = {
    Fault.UNREACHABLE: lambda: answer_unavailable("Database can't be reached"),
    Fault.NOT_MIGRATED: lambda: answer_unavailable("Database is not migrated: it has no tables"),
    Fault.OLDER: lambda: answer_unavailable(
        "Database is not migrated: its schema is older than this program's"
    ),
    Fault.NEWER: lambda: answer_unavailable("Database schema is newer than this program"),
    Fault.FULL: lambda: answer_unavailable("Disk of the database is full"),
    Fault.UNUSABLE: lambda: answer_unavailable("Database is damaged, or can't be written"),
}
