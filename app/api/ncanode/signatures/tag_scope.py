"""What a token with a tag prefix reaches: threads whose current version has a tag that begins so.

Any other thread is for its bearer as if it weren't there. Of one that a package asks for, no bound
token begins or changes anything: what is signed there is for those who made the package.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.auth import AccessRefused, caller
from app.store.errors import SignatureNotFound, VersionNotSet
from app.store.packages.status import is_asked_for
from app.store.search.criteria import Criteria
from app.store.signatures.current_tags import (
    find_current_tags,
    lock_current_tags,
    look_current_tags,
)
from app.store.signatures.extraction import Signing
from app.store.signatures.records import SignatureRecord
from app.store.signatures.writing import NewVersion, Saved, save_version


class SaveOutOfReach(AccessRefused):
    """What was to be saved could not be read by the caller who saves it."""

    template = 'Token may only save what has a tag that begins with "{prefix}"'


class SearchOutOfReach(AccessRefused):
    """A search may find what its caller doesn't reach."""

    template = 'Token may only search by tags that begin with "{prefix}"'


def is_bound() -> bool:
    """Return whether the caller reaches some threads only."""
    return _prefix() is not None


def demand_tags(tags: Iterable[str]) -> None:
    """Demand that the caller reaches a thread with these current tags.

    Raises:
        SignatureNotFound: the caller doesn't.
    """
    prefix = _prefix()
    if prefix is not None and not _any_begins(tags, prefix):
        raise SignatureNotFound


def demand_known(connection: Connection, document: str, thread: str) -> None:
    """Demand that the caller reaches a thread, before anything else is done about it.

    What is not there and what is out of reach take the same one statement and get the same answer,
    so that the time tells nothing either.

    Raises:
        SignatureNotFound: there is none within the caller's reach.
    """
    if is_bound():
        demand_tags(look_current_tags(connection, document, thread) or ())


def look_tags(connection: Connection, document: str, thread: str) -> set[str]:
    """Return the current tags of a thread, none if there is none within the caller's reach."""
    tags = look_current_tags(connection, document, thread) or ()
    prefix = _prefix()
    return set(tags) if prefix is None or _any_begins(tags, prefix) else set()


def demand_read(connection: Connection, record: SignatureRecord) -> None:
    """Demand that the caller reaches the thread of which a version is read.

    Raises:
        SignatureNotFound: the caller doesn't, or no more.
    """
    if is_bound():
        demand_tags(find_current_tags(connection, record.id) or ())


def demand_write(connection: Connection, document: str, thread: str) -> bool:
    """Demand that the caller reaches a thread that is to be changed, or that there is none.

    Inside `database.transaction`.

    Returns:
        False if there is none that could be changed: one that is begun meanwhile may be out
        of reach. True for a caller who reaches all, without a look.

    Raises:
        SignatureNotFound: there is one, out of reach; or a package asks for it, which is
            out of reach for a bound token.
    """
    if not is_bound():
        return True
    if is_asked_for(connection, document, thread):
        raise SignatureNotFound
    tags = lock_current_tags(connection, document, thread)
    if tags is None:
        return False
    demand_tags(tags)
    return True


def save(
    connection: Connection, new: NewVersion, signing: Signing, seen: int | None, *, compare: bool
) -> Saved:
    """Save as `chains.save_version` does, and raise what it raises, within the caller's reach.

    Raises:
        SignatureNotFound: there is such a thread, out of the caller's reach.
    """
    if demand_write(connection, new.document, new.thread):
        return save_version(connection, new, signing, seen, compare=compare)
    try:
        # Where no thread is, no version of it was seen: so none of another caller's is superseded.
        return save_version(connection, new, signing, None, compare=compare)
    except VersionNotSet:
        demand_write(connection, new.document, new.thread)
        raise


def demand_save(tags: Iterable[str]) -> None:
    """Demand that the caller will reach what is saved. Raises SaveOutOfReach."""
    prefix = _prefix()
    if prefix is not None and not _any_begins(tags, prefix):
        raise SaveOutOfReach(prefix=prefix)


def demand_search(criteria: Criteria) -> None:
    """Demand that the caller reaches all that can be found. Raises SearchOutOfReach."""
    prefix = _prefix()
    if prefix is None:
        return
    begins = [tag.startswith(prefix) for tag in criteria.tags]
    bound = any(begins) if criteria.tags_mode == "all" else begins and all(begins)
    if not bound:
        raise SearchOutOfReach(prefix=prefix)


def _prefix() -> str | None:
    bearer = caller()
    return bearer.tag_prefix if bearer else None


def _any_begins(tags: Iterable[str], prefix: str) -> bool:
    return any(tag.startswith(prefix) for tag in tags)
