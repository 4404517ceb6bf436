"""What obtains evidence, made when it is first needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Engine

from app.destinations import Destinations
from app.extensions import db
from app.observability import counters
from config.settings import Settings

if TYPE_CHECKING:
    from app.evidence.requiring import Requirement
    from app.evidence.worker import Worker


def make_worker(app: Flask, settings: Settings) -> Worker:
    """Return what obtains evidence, for this application's store."""
    # Importing what sends requests takes 0.1 s, and most servers never send any.
    from app.evidence.recording import RecordTerms  # noqa: PLC0415
    from app.evidence.worker import make_worker as make  # noqa: PLC0415

    with app.app_context():
        worker = make(
            db.engine,
            app.extensions["trust"],
            _evidence_destinations(settings),
            settings.stamping_addresses,
            settings.evidence_timeout,
            RecordTerms(
                each=settings.evidence_record_each,
                renew_before=timedelta(days=settings.evidence_renew_before),
                renew_gain=timedelta(days=settings.evidence_renew_gain),
            ),
        )
    return replace(worker, on_kept=counters.count_obtained) if settings.metrics else worker


def make_requirement(engine: Engine, app: Flask, settings: Settings) -> Requirement:
    """Return what obtains evidence while a save waits."""
    # As above.
    from app.evidence.requiring import Requirement  # noqa: PLC0415
    from app.evidence.worker import make_obtainer  # noqa: PLC0415

    seconds = settings.evidence_timeout
    obtainer = make_obtainer(
        engine,
        app.extensions["trust"],
        _evidence_destinations(settings),
        settings.stamping_addresses,
        seconds,
    )
    return Requirement(obtainer, seconds)


def _evidence_destinations(settings: Settings) -> Destinations:
    """Return which servers may be asked for evidence: also the timestamp authorities."""
    named = [urlsplit(one).hostname or "" for one in settings.stamping_addresses]
    return Destinations([*settings.outgoing_allow, *named])
