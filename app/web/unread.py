"""What the address of a page says and no page reads: told on the page, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from flask import g, request

from app import sessions
from app.services.errors import ParameterError
from app.web.blueprint import blueprint
from app.web.search_form import NAMES

_THREAD = ("document", "thread")
_VERSION = (*_THREAD, "version", "signer")
#: The parameters of each page that has any, beside the language.
_KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "get_search": (*NAMES, "cursor"),
    "get_thread": (*_THREAD, "before"),
    "get_version": _VERSION,
    "compare_version": _VERSION,
    "create_link": _VERSION,
    "end_link": _VERSION,
    "get_packages": ("cursor",),
    "get_package": ("id", "signers", "documents"),
    "get_sign_in": ("back",),
    "sign_in": ("back",),
    "get_sign": ("marks",),
    "sign": ("marks",),
    "get_link": ("signer",),
    "compare_by_link": ("signer",),
}
#: Names that are told, and characters of each.
_MAX_NAMES, _MAX_NAME = 20, 64


@blueprint.before_request
def require_one_meaning() -> None:
    """Require that no parameter of a page has two values. Raises ParameterError."""
    for name in (*_known(), "lang"):
        if len(set(request.args.getlist(name))) > 1:
            raise ParameterError('"{field}" parameter must be given once', field=name)


def unread_names() -> list[str]:
    """Return the names of parameters that a page of the office does not read.

    Of a file those that its view has noted: none if it was refused before it read any. Where there
    is no page, there are none either. Pages for other people don't name any: programs that forward
    a link may add parameters to it, and on these pages a parameter only selects signers.
    """
    if not request.path.startswith("/app"):
        return []
    known = _KNOWN.get(_page())
    names = g.get("unread", ()) if known is None else request.args
    unknown = (name for name in names if name not in (*(known or ()), "lang"))
    return [name[:_MAX_NAME] for name in islice(unknown, _MAX_NAMES)]


def _known() -> tuple[str, ...]:
    return _KNOWN.get(_page(), ())


def _page() -> str:
    return (request.endpoint or "").removeprefix(sessions.PAGES)
