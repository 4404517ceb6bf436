"""Links to one version, as the office makes, lists and revokes them: on pages, and by the API."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from flask import current_app, request
from sqlalchemy import Connection

from app.auth import caller_name, require_scope
from app.extensions import current_reads, db
from app.services import tag_scope
from app.services.errors import ParameterError
from app.services.stored import key_of
from app.store import public_links
from app.store.database.engine import transaction
from app.store.errors import LinkNotFound
from app.store.public_links import LinkRecord
from app.store.signatures import reading
from app.store.signatures.large_texts import Key
from app.store.signatures.rows import Carried

#: Days for which a link leads to its version: as many if none are given, and at most.
USUAL_DAYS, MAX_DAYS = 7, 365


@dataclass(frozen=True, slots=True)
class LinkWanted:
    """A link that is to be made; None as the version: the current one."""

    document: str
    thread: str
    version: int | None
    days: int = USUAL_DAYS
    #: Whether its holder may download the card and the document.
    with_files: bool = False


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link that was made, with its token, which is kept nowhere."""

    record: LinkRecord
    token: str

    @property
    def address(self) -> str:
        """The address of its page."""
        return link_address(self.token)


def link_address(token: str) -> str:
    """Return the address of a link's page: below PUBLIC_URL, if that is known."""
    public: str | None = current_app.config["PUBLIC_URL"]
    return f"{public or request.root_url.rstrip('/')}/v/{token}"


def make_link(wanted: LinkWanted) -> MadeLink:
    """Make a link to a version, which shows it to anyone: so the caller must be able to read it.

    Raises:
        SignatureNotFound: there is none, or no access to it.
        ScopeMissing: the caller may not read.
    """
    require_scope("read")
    ends = datetime.now(UTC) + timedelta(days=wanted.days)
    with transaction(db.engine) as connection:
        key = _find(connection, wanted.document, wanted.thread, wanted.version)
        token, record = public_links.create_link(
            connection,
            key,
            created_by=caller_name(),
            expires_at=ends,
            with_files=wanted.with_files,
        )
    current_reads().note_write()
    return MadeLink(record, token)


def list_links(document: str, thread: str, version: int | None) -> list[LinkRecord]:
    """Return the links to a version, newest first. Raises SignatureNotFound, also without access.

    Those that have ended are among them.
    """

    def find(connection: Connection, _stack: ExitStack) -> list[LinkRecord]:
        return public_links.list_links(connection, _find(connection, document, thread, version))

    return current_reads().read(find)


def revoke_link(document: str, thread: str, version: int | None, number: int) -> None:
    """Revoke a link by its number; twice is once. Raises SignatureNotFound or LinkNotFound."""
    with transaction(db.engine) as connection:
        key = _find(connection, document, thread, version)
        if not public_links.revoke_link(connection, key, number):
            raise LinkNotFound
    current_reads().note_write()


def require_link(token: str, key: Key) -> str:
    """Return the address of a link that leads to this version now. Raises ParameterError."""
    linked = current_reads().read(partial(_find_link, token))
    if linked is None or linked.key != key or linked.has_ended(datetime.now(UTC)):
        raise ParameterError(
            '"{field}" parameter must be the token of a link to this version, in force',
            field="link",
        )
    return link_address(token)


def _find_link(token: str, connection: Connection, _stack: ExitStack) -> LinkRecord | None:
    found = public_links.find_link(connection, token)
    return None if found is None else found.link


def _find(connection: Connection, document: str, thread: str, version: int | None) -> Key:
    """Return the key of a version that the caller may read. Raises SignatureNotFound."""
    tag_scope.require_access(connection, document, thread)
    carried = Carried(cms=False)
    record = reading.get_signature(connection, document, thread, version, carried)
    tag_scope.require_read_access(connection, record)
    return key_of(record)
