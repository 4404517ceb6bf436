"""Signers that are still to be verified, and the results of verifying them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Row,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from app.store.database import bulk
from app.store.database.types import ROW_ID, UtcDateTime
from app.store.models import Signer, Version
from app.store.signatures.large_texts import Key, LargeText, find_text
from app.store.signatures.standings import LEFT, PROVEN, VALUE_VALID, Found, standing_of

_EVERYTHING = bindparam("everything", type_=BigInteger())
_LIMIT = bindparam("limit", type_=Integer())
#: Whether a signer waits to be verified; `everything` is the number of all that is trusted now.
WAITS = Signer.judged_against.is_(None) | (Signer.judged_against != _EVERYTHING)
#: Columns of each signer, for `found_of`.
_FOUND_COLUMNS = (
    Signer.number,
    Signer.verified_gen_time,
    Signer.standing,
    Signer.standing_reason,
)
#: Columns that are written of each signer.
_KINDS = {
    "signature_id": ROW_ID,
    "version": Integer(),
    "number": Integer(),
    "standing": BigInteger(),
    "standing_reason": Text(),
    "judged_against": BigInteger(),
    "gen_time": UtcDateTime(),
}


class Unverified(NamedTuple):
    """One version that is to be verified, and the earlier results of its signers, by number.

    `signature_sha256` is that of the bytes from which the signers were read, hex; None if unknown.
    `needs_content`: its content is not in it, and a signer has no message digest, so that only the
    content shows whether the signature value is valid (RFC 5652 section 5.4).
    """

    cms: str | LargeText
    saved_at: datetime
    before: Mapping[int, Found]
    signature_sha256: str | None
    needs_content: bool = False


def _first(place: int, *conditions: object) -> Select[tuple[int, int, int]]:
    """Select some signers by one range of the index."""
    rows = (
        select(
            literal_column(str(place)).label("place"),
            Signer.signature_id,
            Signer.version,
        )
        .where(*conditions)  # type: ignore[arg-type]  # conditions on columns
        .limit(_LIMIT)
        .subquery()
    )
    return select(rows.c.place, rows.c.signature_id, rows.c.version)


#: First who is proven to be refused, who must not count meanwhile; then what saves have left, older
#: rows, and those verified with other anchors.
_WAITING = union_all(
    _first(0, Signer.judged_against == PROVEN),
    _first(1, Signer.judged_against == LEFT),
    _first(2, Signer.judged_against.is_(None)),
    _first(3, Signer.judged_against < _EVERYTHING, Signer.judged_against.not_in((LEFT, PROVEN))),
    _first(4, Signer.judged_against > _EVERYTHING),
)


def find_waiting(connection: Connection, everything: int, limit: int) -> list[Key]:
    """Return some versions whose signers wait to be verified, refusals and new saves first.

    It reads `limit` signers of each kind, by one index, so that it costs almost nothing if none
    waits.

    Args:
        connection: to the store.
        everything: the number of all that is trusted now.
        limit: signers of each kind that are read.
    """
    rows = connection.execute(_WAITING, {"everything": everything, "limit": limit}).all()
    return list(
        dict.fromkeys(
            Key(row.signature_id, row.version) for row in sorted(rows, key=lambda row: row[0])
        )
    )


def count_waiting(connection: Connection, everything: int) -> int:
    """Return the number of signers that wait to be verified."""
    statement = select(func.count()).select_from(Signer).where(WAITS)
    return connection.execute(statement, {"everything": everything}).scalar_one()


def read_unverified(connection: Connection, key: Key) -> Unverified | None:
    """Read one version; None if it was deleted meanwhile."""
    row = connection.execute(_OF_VERSION, key._asdict()).first()
    cms = find_text(connection, key)
    if row is None or cms is None:
        return None
    before = connection.execute(_FOUND_BEFORE, key._asdict()).all()
    found = {one.number: found_of(one) for one in before}
    needs = row.content_size is None and any(one.message_digest is None for one in before)
    return Unverified(cms, row.created_at, found, row.signature_sha256, needs)


# Built once, which takes several times as long as to execute one.
_OF_VERSION = select(Version.created_at, Version.signature_sha256, Version.content_size).where(
    Version.signature_id == bindparam("signature_id"), Version.version == bindparam("version")
)
_FOUND_BEFORE = select(*_FOUND_COLUMNS, Signer.message_digest).where(
    Signer.signature_id == bindparam("signature_id"), Signer.version == bindparam("version")
)


def judge_again(connection: Connection, key: Key, numbers: Collection[int]) -> None:
    """Have signers of a version verified again who are proven to be refused.

    Inside `database.transaction`. They are verified in the background, within seconds; also those
    who don't count now, but may by a result that is being written (`Remembered`).
    """
    if numbers:
        connection.execute(_JUDGE_AGAIN, {**_of(key), "numbers": sorted(numbers)})


def find_counting(connection: Connection, key: Key, numbers: Collection[int]) -> dict[int, int]:
    """Return the standings of signers who may count, and are not to be verified again."""
    if not numbers:
        return {}
    rows = connection.execute(_COUNTING, {**_of(key), "numbers": sorted(numbers)})
    return {row.number: row.standing for row in rows}


def _of(key: Key) -> dict[str, int]:
    return {"of_signature": key.signature_id, "of_version": key.version}


_IS_ONE = (
    Signer.signature_id == bindparam("of_signature", type_=ROW_ID),
    Signer.version == bindparam("of_version", type_=Integer()),
    Signer.number.in_(bindparam("numbers", expanding=True)),
)
_COUNTING = select(Signer.number, Signer.standing).where(
    *_IS_ONE,
    or_(Signer.judged_against.is_(None), Signer.judged_against != PROVEN),
    or_(Signer.standing > 0, Signer.standing == VALUE_VALID),
)
_JUDGE_AGAIN = update(Signer).where(*_IS_ONE).values(judged_against=PROVEN)


def found_of(row: Row[*tuple[Any, ...]]) -> Found:
    """Return the result for a signer, which holds until the signer is verified again."""
    return Found(row.verified_gen_time, standing_of(row), None)


def write_found(connection: Connection, found: Sequence[tuple[Key, Mapping[int, Found]]]) -> None:
    """Store the results for the signers of versions, inside `database.transaction`.

    Versions that were deleted meanwhile stay deleted.
    """
    rows = [
        (*key, number, *(one.standing or (None, None)), one.judged_against, one.gen_time)
        for key, signers in sorted(found, key=lambda pair: pair[0])
        for number, one in sorted(signers.items())
    ]
    bulk.execute(
        connection,
        lambda given: (
            update(Signer)
            .where(
                Signer.signature_id == given.signature_id,
                Signer.version == given.version,
                Signer.number == given.number,
            )
            .values(
                standing=given.standing,
                standing_reason=given.standing_reason,
                judged_against=given.judged_against,
                verified_gen_time=given.gen_time,
            )
        ),
        _KINDS,
        rows,
    )
