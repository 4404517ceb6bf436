"""One version, for holders of a link to it: the verdict, without what only the office may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias

from flask import Response, current_app, request
from sqlalchemy import Connection
from werkzeug.exceptions import NotFound

from app.auth import public
from app.cms import CmsError
from app.extensions import current_reads
from app.services.errors import ParameterError
from app.services.links import link_address
from app.services.translations import choose_wording
from app.store.contents.reading import find_content
from app.store.contents.values import KeptContent
from app.store.errors import SignatureNotFound
from app.store.evidence.reading import VersionStates, read_states
from app.store.public_links import LinkRecord, find_link
from app.store.signatures import reading
from app.store.signatures.records import SignatureRecord
from app.web.addresses import read_number
from app.web.blueprint import blueprint
from app.web.errors import wants_page
from app.web.examined_version import VersionVerdict, examine_version
from app.web.forms import require_own_page
from app.web.limits import count_verification
from app.web.qr import qr_path
from app.web.rendering import HEADERS, render
from app.web.sent import Sent, read_copy

#: The key of what answers with files, by their names in addresses.
FILES_BY_LINK = "files by link"
FileOfVersion: TypeAlias = Callable[[SignatureRecord], Response]


@dataclass(frozen=True, slots=True)
class Followed:
    """What a link leads to: no version if it has ended; `kept` is what is kept of its document."""

    link: LinkRecord
    record: SignatureRecord | None = None
    kept: KeptContent | None = None
    states: VersionStates = field(default_factory=VersionStates)


@blueprint.get("/v/<token>")
@public
def get_link(token: str) -> Response:
    """Return the page."""
    count_verification()
    return _show(token, None)


@blueprint.post("/v/<token>")
@public
def compare_by_link(token: str) -> Response:
    """Return the page with the comparison of the reader's copy."""
    require_own_page()
    count_verification()
    return _show(token, read_copy())


@blueprint.get("/v/<token>/<name>")
@public
def get_file_by_link(token: str, name: str) -> Response:
    """Return a file of the version, if the link offers them: its card, or the document."""
    answer = _files().get(name)
    if answer is None:
        raise NotFound
    count_verification()
    followed = current_reads().read(partial(_read, token))
    if followed is None or followed.record is None:
        return _ended(followed)
    if not followed.link.with_files:
        raise NotFound
    response = answer(followed.record)
    response.headers["X-Robots-Tag"] = HEADERS["X-Robots-Tag"]
    return response


def _files() -> Mapping[str, FileOfVersion]:
    found: Mapping[str, FileOfVersion] = current_app.extensions[FILES_BY_LINK]
    return found


def _show(token: str, sent: Sent | None) -> Response:
    """Return the page of a link, or what became of it."""
    first = read_number(request.args, "signer") or 1
    followed = current_reads().read(partial(_read, token))
    if followed is None or followed.record is None:
        return _ended(followed)
    record = followed.record
    verdict: VersionVerdict | None = None
    refusal = None
    try:
        verdict = examine_version(record, sent, masked=True, first=first)
    except (CmsError, ParameterError) as error:
        refusal = choose_wording(request).sentence(error)
    address = link_address(token)
    return render(
        "link.html",
        hides_numbers=True,
        token=token,
        link=followed.link,
        address=address,
        qr=qr_path(address),
        record=record,
        kept=followed.kept,
        verdict=verdict,
        has_card=_has_card(followed.states, verdict),
        refusal=refusal,
    )


def _has_card(states: VersionStates, verdict: VersionVerdict | None) -> bool:
    """Return whether a card can be expected, as far as that is known without making it."""
    if states.signers:
        return all(one.card for one in states.signers)
    return states.state is None and verdict is not None and verdict.is_stamped


def _ended(followed: Followed | None) -> Response:
    """Answer that a link leads nowhere. Raises NotFound for who wants no page of an unknown one."""
    if followed is None and not wants_page(request):
        raise NotFound
    if followed is None:
        return render("link_ended.html", 404, link=None)
    return render("link_ended.html", 410, link=followed.link)


def _read(token: str, connection: Connection, _stack: ExitStack) -> Followed | None:
    """Return what a token leads to; no version if the link has ended, None if it is not known."""
    linked = find_link(connection, token)
    if linked is None:
        return None
    if linked.link.has_ended(datetime.now(UTC)):
        return Followed(linked.link)
    number = linked.link.key.version
    try:
        record = reading.get_signature(connection, linked.document, linked.thread, number)
    except SignatureNotFound:
        return Followed(linked.link)
    # The thread may have been deleted and begun again since the statement before.
    if record.id != linked.link.key.signature_id:
        return Followed(linked.link)
    key = linked.link.key
    states = read_states(connection, [key]).get(key) or VersionStates()
    return Followed(linked.link, record, find_content(connection, *key), states)
