"""Access of a token with a tag prefix: threads whose current version has a tag with the prefix.

For its caller any other thread does not exist. A thread that a package requests can't be begun or
changed with a limited token: the package belongs to other callers.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from sqlalchemy import Connection

from app.auth import AccessRefused, caller
from app.store.errors import SignatureNotFound, VersionNotSet
from app.store.packages.status import is_asked_for
from app.store.search.criteria import Criteria
from app.store.signatures.current_tags import (
    find_current_tags,
    lock_current_tags,
    read_current_tags,
)
from app.store.signatures.extraction import Signing
from app.store.signatures.records import SignatureRecord
from app.store.signatures.writing import (
    NewVersion,
    Saved,
    Superseded,
    foresee_save,
    save_version,
)


class SaveOutOfReach(AccessRefused):
    """The version to be saved could not be read by the caller that saves it."""

    template = 'Token may only save what has a tag that begins with "{prefix}"'


class SearchOutOfReach(AccessRefused):
    """A search may find threads that its caller may not access."""

    template = 'Token may only search by tags that begin with "{prefix}"'


def is_bound() -> bool:
    """Return whether the caller's access is limited to some threads."""
    return _prefix() is not None


def require_tags(tags: Iterable[str]) -> None:
    """Require access of the caller to a thread with these current tags.

    Raises:
        SignatureNotFound: there is no access.
    """
    prefix = _prefix()
    if prefix is not None and not _any_begins(tags, prefix):
        raise SignatureNotFound


def require_access(connection: Connection, document: str, thread: str) -> None:
    """Require access of the caller to a thread, before anything else is done.

    A missing thread and an inaccessible one take the same single statement and get the same answer,
    so that the time reveals nothing either.

    Raises:
        SignatureNotFound: there is none that the caller may access.
    """
    if is_bound():
        require_tags(read_current_tags(connection, document, thread) or ())


def read_tags(connection: Connection, document: str, thread: str) -> set[str]:
    """Return the current tags of a thread, none if there is none that the caller may access."""
    tags = read_current_tags(connection, document, thread) or ()
    prefix = _prefix()
    return set(tags) if prefix is None or _any_begins(tags, prefix) else set()


def require_read_access(connection: Connection, record: SignatureRecord) -> None:
    """Require access of the caller to the thread of a version that is read.

    Raises:
        SignatureNotFound: there is no access, or no longer.
    """
    if is_bound():
        require_tags(find_current_tags(connection, record.id) or ())


def require_write_access(connection: Connection, document: str, thread: str) -> bool:
    """Require access of the caller to a thread that is to be changed, or that there is none.

    Inside `database.transaction`. Whether a package asks for it is looked up first, so that nobody
    waits to be refused, and again once the thread is locked: a package may have been added while
    another writer was waited for.

    Returns:
        False if there is none that could be changed: one that is begun meanwhile may be out
        of reach. True for a caller with access to all, without a query.

    Raises:
        SignatureNotFound: there is one without access; or a package asks for it, which is
            out of reach for a bound token.
    """
    if not is_bound():
        return True
    _require_unasked(connection, document, thread)
    tags = lock_current_tags(connection, document, thread)
    if tags is None:
        return False
    _require_unasked(connection, document, thread)
    require_tags(tags)
    return True


def save(  # noqa: PLR0913  # As `save_version`.
    connection: Connection,
    new: NewVersion,
    signing: Signing,
    seen: int | None,
    *,
    compare: bool,
    new_evidence: int | None = None,
) -> Saved:
    """Save as `writing.save_version` does, and raise what it raises, with access control.

    Raises:
        SignatureNotFound: there is such a thread, which the caller may not access; or a package
            asks for it.
    """
    save_new = partial(save_version, compare=compare, new_evidence=new_evidence)
    if require_write_access(connection, new.document, new.thread):
        return save_new(connection, new, signing, seen)
    try:
        # Without a thread no version of it was seen: so none of another caller is superseded.
        return save_new(connection, new, signing, None)
    except VersionNotSet:
        require_write_access(connection, new.document, new.thread)
        raise


def require_still_unasked(connection: Connection, document: str, thread: str) -> None:
    """Require for a bound token that no package asks for what it saved: the last of a transaction.

    One may have been added while another writer was waited for, or a document was written.

    Raises:
        SignatureNotFound: one does.
    """
    if is_bound():
        _require_unasked(connection, document, thread)


def foresee(
    connection: Connection, new: NewVersion, seen: int | None, *, compare: bool
) -> Superseded | None:
    """Raise what `save` would raise as things are; see `writing.foresee_save`.

    Inside `database.transaction`.
    """
    is_there = require_write_access(connection, new.document, new.thread)
    known = seen if is_there else None
    return foresee_save(connection, new.document, new.thread, known, compare=compare)


def require_save_access(tags: Iterable[str]) -> None:
    """Require that the caller will have access to what is saved. Raises SaveOutOfReach."""
    prefix = _prefix()
    if prefix is not None and not _any_begins(tags, prefix):
        raise SaveOutOfReach(prefix=prefix)


def require_search_access(criteria: Criteria) -> None:
    """Require access of the caller to everything that can be found. Raises SearchOutOfReach."""
    prefix = _prefix()
    if prefix is None:
        return
    begins = [tag.startswith(prefix) for tag in criteria.tags]
    bound = any(begins) if criteria.tags_mode == "all" else begins and all(begins)
    if not bound:
        raise SearchOutOfReach(prefix=prefix)


def _require_unasked(connection: Connection, document: str, thread: str) -> None:
    """Require that no package asks for a thread. Raises SignatureNotFound."""
    if is_asked_for(connection, document, thread):
        raise SignatureNotFound


def _prefix() -> str | None:
    bearer = caller()
    return bearer.tag_prefix if bearer else None


def _any_begins(tags: Iterable[str], prefix: str) -> bool:
    return any(tag.startswith(prefix) for tag in tags)
