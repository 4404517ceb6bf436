"""Singletons of an application: created once, bound to it by `factory`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import current_app
from flask_sqlalchemy import SQLAlchemy

from app.store.contents.values import Place
from app.store.database.reads import Reads
from app.store.models import Base
from app.store.signatures.standings import Trusted
from app.trust import Trust
from app.trust.examiner import Examiner

if TYPE_CHECKING:
    from app.evidence.requiring import Requirement
    from app.evidence.worker import Worker

db = SQLAlchemy(model_class=Base)


def current_trusted() -> Trusted:
    """Return whose signatures count in the current application, by its settings."""
    return current_trust().trusted(claims=current_app.config["CLAIMS"] == "accept")


def current_examiner() -> Examiner:
    """Return the examiner, which verifies what saves have not."""
    examiner: Examiner = current_app.extensions["examiner"]
    return examiner


def make_evidence_worker() -> Worker:
    """Return a new worker that obtains evidence for the current application's store."""
    make: Callable[[], Worker] = current_app.extensions["evidence"]
    return make()


def current_requirement() -> Requirement | None:
    """Return what obtains evidence while a save waits for it; None if saves don't."""
    found: Requirement | None = current_app.extensions.get("evidence requirement")
    return found


def current_reads() -> Reads:
    """Return the reads of the current application: by a replica, or the primary."""
    found: Reads = current_app.extensions["reads"]
    return found


def current_place() -> Place | None:
    """Return where documents are kept outside the database; None: they are in it."""
    place: Place | None = current_app.extensions["content place"]
    return place


def current_trust() -> Trust:
    """Return the verifier of the current application."""
    trust: Trust = current_app.extensions["trust"]
    return trust
