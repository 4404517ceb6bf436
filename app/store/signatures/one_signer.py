"""One signature counts for one signer, though another certificate of its key fits it too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.cms import SignerStatus
from app.store.signatures.standings import (
    PENDING,
    REFUSED,
    SHARED,
    SHARED_VALID,
    VALUE_VALID,
    Found,
    Standing,
    was_valid,
)

#: Which standing counts first; one of an anchor before all.
_RANKS = {VALUE_VALID: 1, PENDING: 2, SHARED: 3, SHARED_VALID: 3}


def settle(found: Mapping[int, Found], statuses: Iterable[SignerStatus]) -> dict[int, Found]:
    """Return the results of verification, with one that counts for each signature.

    Where several signers of different certificates have one signature, the first that has the best
    standing keeps it. A refused one is proven to be nobody's and leaves the others as they are.
    """
    certificates = {one.number: one.certificate for one in statuses if one.same}
    groups = {one.same for one in statuses if one.same}
    settled = dict(found)
    for group in groups:
        left = [number for number in group if _value(settled, number) not in (None, REFUSED)]
        if not left:
            continue
        kept = min(left, key=lambda number: (_rank(settled, number), number))
        for number in left:
            if certificates[number] != certificates[kept]:
                settled[number] = _share(settled[number], kept)
    return settled


def _value(found: Mapping[int, Found], number: int) -> int | None:
    standing = found[number].standing if number in found else None
    return None if standing is None else standing.value


def _rank(found: Mapping[int, Found], number: int) -> int:
    return _RANKS.get(_value(found, number) or PENDING, 0)


def _share(found: Found, kept: int) -> Found:
    """Return a result that doesn't count; whether the value was valid stays known."""
    standing = Standing(
        SHARED_VALID if was_valid(found.standing) else SHARED,
        f"its signature is that of signer {kept} too, with another certificate of the same key;"
        " whose it is can't be known, and it counts for one",
    )
    return found._replace(standing=standing)
