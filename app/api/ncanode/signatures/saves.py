"""A save: checked, written, and answered; with a key it happens once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from flask import Response, current_app
from sqlalchemy import Connection

from app.api import envelope, errors
from app.api.ncanode.signatures import tag_limits
from app.api.ncanode.signatures.rows import Rows
from app.api.ncanode.signatures.save_schemas import SaveRequest
from app.api.ncanode.signatures.saving import (
    Checked,
    keep_document,
    keep_evidence,
    obtain_awaited,
    read_checked,
    warn_of_losses,
)
from app.extensions import db
from app.observability import counters
from app.services import tag_scope
from app.services.documents import offered, write_content
from app.services.idempotency import SentKey, make_once
from app.services.keys_at_work import current_keys
from app.store.contents.keeping import Offer
from app.store.contents.values import KeptContent, NewContent
from app.store.database.engine import saving, transaction
from app.store.errors import IdempotencyKeyInUse, StoreError, VersionConflict, VersionNotSet
from app.store.signatures.extraction import Signing
from app.store.signatures.once import Once, find_answer, keep_answer
from app.store.signatures.records import SignatureRecord
from app.store.signatures.rows import PLAIN


@dataclass(frozen=True, slots=True)
class Answered:
    """The members of an answer: the row, what the version lost, and what else is to be said."""

    row: dict[str, Any]
    losses: Sequence[str]
    doubts: Sequence[str]

    def respond(self) -> Response:
        """Return the answer."""
        return envelope.saved_one("signature", self.row, self.losses, self.doubts)


def save(wanted: SaveRequest, sent: SentKey | None = None) -> Response:
    """Save a version, or answer as the first save with the same key was answered.

    Raises what `tag_scope.save`, `read_checked` and `once.find_answer` do, and IdempotencyKeyInUse.
    """
    tag_scope.require_save_access(wanted.new.tags)
    if sent is None:
        return _save(wanted, None).respond()
    once = _once(wanted, sent)
    with current_keys().hold(once):
        return (_find_first(wanted, once) or _save_first(wanted, once)).respond()


def _once(wanted: SaveRequest, sent: SentKey) -> Once:
    new = wanted.new
    texts = new.document, new.thread, new.cms, new.stage, new.created_by, new.comment, new.method
    brought = wanted.brought
    document = brought.data, brought.name, brought.media_type
    said = (*texts, *document, wanted.seen, wanted.without_cms, *new.tags)
    return make_once(sent, said, (new.document, new.thread))


def _find_first(wanted: SaveRequest, once: Once) -> Answered | None:
    """Return the answer of the first save; None if there was none."""
    with db.engine.connect() as connection:
        kept = find_answer(connection, once)
    if kept is None:
        return None
    said = _said(wanted)
    row = {name: said.get(name, value) for name, value in kept["signature"].items()}
    return Answered(row, kept["losses"], kept["doubts"])


def _save_first(wanted: SaveRequest, once: Once) -> Answered:
    """Save, unless another server was first with the same key, whose answer then counts."""
    try:
        return _save(wanted, once)
    except (IdempotencyKeyInUse, VersionConflict, VersionNotSet):
        first = _find_first(wanted, once)
        if first is None:
            raise
        return first


def _save(wanted: SaveRequest, once: Once | None) -> Answered:
    tag_limits.require_bounded(wanted.new)
    checked = read_checked(wanted.new, wanted.brought)
    guard = current_app.config["COSIGN_GUARD"]
    if checked.awaited is not None:
        _foresee(wanted, checked.signing, guard)
        checked = obtain_awaited(checked)
    unit = transaction if once or _needs_unit(checked) else saving
    with offered(checked.kept) as offer, unit(db.engine) as connection:
        written = _write(connection, wanted, checked, offer)
        answered = _answer(wanted, written, checked)
        if once is not None:
            _keep(connection, wanted, once, answered)
    counters.count_save(checked.signing.format, written.record.version)
    return answered


def _needs_unit(checked: Checked) -> bool:
    """Return whether a save is more than the one statement that is atomic by itself."""
    refuses = current_app.config["COSIGN_GUARD"] == "refuse"
    more = checked.evidence or checked.kept or checked.again or checked.noted
    return refuses or bool(more) or tag_scope.is_bound()


def _foresee(wanted: SaveRequest, signing: Signing, guard: str) -> None:
    """Refuse now what would be refused after a timestamp was asked for. Raises StoreError."""
    refuses = guard == "refuse"
    with transaction(db.engine) as connection:
        superseded = tag_scope.foresee(connection, wanted.new, wanted.seen, compare=refuses)
    losses = warn_of_losses(superseded, signing)
    if losses:
        counters.count_losses(losses, guard)
        raise losses[0]


class Written(NamedTuple):
    """What a save wrote: the version, what it lost, and the document that is kept with it."""

    record: SignatureRecord
    losses: list[StoreError]
    document: NewContent | KeptContent | None


def _write(
    connection: Connection, wanted: SaveRequest, checked: Checked, offer: Offer | None
) -> Written:
    """Write a version with all that is kept of it. Raises its first loss if these are refused."""
    guard = current_app.config["COSIGN_GUARD"]
    saved = tag_scope.save(
        connection,
        wanted.new,
        checked.signing,
        wanted.seen,
        compare=guard != "off",
        new_evidence=checked.urgency,
    )
    keep_evidence(connection, checked, saved.record)
    document = keep_document(connection, offer, checked, saved.record)
    tag_scope.require_still_unasked(connection, wanted.new.document, wanted.new.thread)
    losses = warn_of_losses(saved.superseded, checked.signing)
    counters.count_losses(losses, guard)
    if losses and guard == "refuse":
        raise losses[0]
    return Written(saved.record, losses, document)


def _answer(wanted: SaveRequest, written: Written, checked: Checked) -> Answered:
    carried = replace(PLAIN, cms=not wanted.without_cms)
    row = Rows.of_request(carried).write(written.record)
    if written.document is not None:
        row["content"] = write_content(written.document)
    return Answered(
        row,
        [errors.in_language(loss) for loss in written.losses],
        [errors.in_language(doubt) for doubt in checked.doubts],
    )


def _keep(connection: Connection, wanted: SaveRequest, once: Once, answered: Answered) -> None:
    """Keep an answer without what the request says itself: the next one says it again."""
    said = _said(wanted)
    row = {name: None if name in said else value for name, value in answered.row.items()}
    kept = {"signature": row, "losses": answered.losses, "doubts": answered.doubts}
    keep_answer(connection, once, kept)


def _said(wanted: SaveRequest) -> dict[str, Any]:
    """Return the members of a row that are what the request says."""
    new = wanted.new
    return {
        "document": new.document,
        "thread": new.thread,
        "chain": new.thread,
        "stage": new.stage,
        "signature": new.cms,
        "cms": new.cms,
        "version_created_by": new.created_by,
        "version_comment": new.comment,
        "tags": list(new.tags),
    }
