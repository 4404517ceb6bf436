"""Verification of a signature for a request."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from app.cms import (
    ContentBudget,
    Examined,
    GivenContent,
    Occasion,
    SignedData,
    SignedXml,
    SignerStatus,
    describe_signers,
    parse,
)
from app.evidence.lasting import has_ended, outlast
from app.extensions import current_trust, db
from app.services.kept_contents import known_content
from app.services.sent_content import content_given
from app.services.stored import get_evidence, get_preserved, key_of, outlast_ended
from app.store.database.engine import transaction
from app.store.signatures.large_texts import Key
from app.store.signatures.records import SignatureRecord
from app.store.signatures.revocations import (
    Recall,
    is_known,
    keep_proven,
    recall_of,
    speaks_against,
)
from app.trust.kept import Kept, kept_of

_log = logging.getLogger(__name__)


def examine(  # noqa: PLR0913 - a signature, and all that it is verified with
    signature: SignedData | SignedXml,
    data: str | GivenContent | None,
    *,
    at: datetime,
    fetch: bool = False,
    kept: Kept | None = None,
    recall: Recall | None = None,
) -> Examined:
    """Verify a signature.

    Args:
        signature: the parsed signature.
        data: the content of a detached one, as it was sent, or its digest.
        at: the time that counts without a valid timestamp.
        fetch: whether CRLs and OCSP responses may be fetched, if the operator allows it.
        kept: evidence that is stored for the signature.
        recall: finds the revocations that the store has noted, for a stored signature.

    Raises:
        ParameterError: `data` can't be read, or the signature is XML, which is its own content.
        MalformedSignature: damage that parsing did not notice.
    """
    budget = ContentBudget()
    content = content_given(signature, data, budget)
    statuses = current_trust().verify(
        signature, content, at=at, fetch=fetch, content_budget=budget, kept=kept, recall=recall
    )
    return Examined(signature, content, describe_signers(signature), statuses, budget)


def examine_stored(record: SignatureRecord, data: str | GivenContent | None) -> Examined:
    """Verify a stored signature, with its evidence, as of when it was saved or timestamped.

    Raises:
        ParameterError, MalformedSignature: as `examine`.
        Busy: too much is being verified.
    """
    saved_at, key = record.version_created_at, key_of(record)
    with current_trust().turns.take():
        # In its turn: a CRL that was kept may be large.
        items = get_evidence(key).items
        signature = parse(record.text, trailing_zeros=True)
        content = known_content(signature, key) if data is None else data
        kept, recall = kept_of(items), recall_of(db.engine)
        examined = examine(signature, content, at=saved_at, fetch=True, kept=kept, recall=recall)
        statuses = outlast_ended(examined.statuses, key, items)
    note_proven(key, statuses, repeats=not kept.tokens)
    return replace(examined, statuses=statuses)


def note_proven(key: Key, statuses: Sequence[SignerStatus], *, repeats: bool) -> None:
    """Note what proves that certificates of a stored version were revoked, if that is new.

    Signers who count, and lack a path by now, are verified again; if the background `repeats` that
    or something new is noted. It verifies without the tokens that are kept.

    A database that takes no writes now, such as a standby, changes nothing about the answer.
    """
    if not speaks_against(statuses):
        return
    try:
        with db.engine.connect() as connection:
            if is_known(connection, key, statuses, repeats=repeats):
                return
        with transaction(db.engine) as connection:
            keep_proven(connection, key, statuses)
    except SQLAlchemyError as error:
        _log.warning("a revocation could not be noted: %s", type(error).__name__)


def examine_again(record: SignatureRecord, examined: Examined, *, now: datetime) -> Examined:
    """Verify a stored signature as if it had been saved `now`, with what is known by now.

    Only a valid timestamp still shows that a certificate had not ended; and only an evidence record
    shows that a timestamp whose authority's has ended since existed before. Nothing is fetched.
    Raises Busy: too much is being verified.
    """
    key = key_of(record)
    with current_trust().turns.take():
        items = get_evidence(key).items
        statuses = current_trust().verify(
            examined.signature,
            examined.content,
            at=Occasion(now, now, stamps_known=record.version_created_at),
            content_budget=examined.content_budget,
            kept=kept_of(items),
            recall=recall_of(db.engine),
        )
        if any(map(has_ended, statuses)):
            statuses = outlast(statuses, get_preserved(key, items, now))
    return replace(examined, statuses=statuses)
