"""Pages for people: HTML written on the server, which works without scripts.

`rendering` writes a page with its headers, `errors` those about errors, `assets` serves style and
scripts, `forms` guards what is posted; the others are pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flask import Flask, Response, redirect, request

from app import sessions
from app.services.translations import IN_ADDRESS
from app.web import (
    egov_page,
    limits,
    link_actions,
    link_page,
    packages_page,
    search_page,
    sign_files,
    sign_page,
    signing_in,
    thread_page,
    verify_page,
    version_page,
)
from app.web.blueprint import blueprint
from app.web.errors import answer_error, is_page, wants_page
from app.web.forms import OWN_PAGE
from app.web.link_page import FILES_BY_LINK, FileOfVersion
from app.web.rendering import page_url
from app.web.texts import LANGUAGES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.wrappers import Response as BaseResponse

__all__ = [
    "egov_page",
    "init_app",
    "link_actions",
    "link_page",
    "open_pages",
    "packages_page",
    "search_page",
    "sign_files",
    "sign_page",
    "signing_in",
    "thread_page",
    "verify_page",
    "version_page",
]

#: The key of what answers errors with pages (`app.api.errors`).
ERROR_PAGES = "error pages"


def init_app(app: Flask, require_own_page: Callable[[WSGIEnvironment], None]) -> None:
    """Choose the language of pages. Call it before whatever may refuse a request.

    Args:
        app: the application.
        require_own_page: refuses requests of pages of other origins.
    """
    app.extensions[OWN_PAGE] = require_own_page
    app.extensions[ERROR_PAGES] = answer_error

    def note_language() -> None:
        chosen = request.args.get("lang")
        if chosen in LANGUAGES and is_page(request.path):
            request.environ[IN_ADDRESS] = chosen

    app.before_request(note_language)


def open_pages(
    app: Flask,
    *,
    public_verify: bool,
    is_limited: bool,
    downloads: Mapping[str, Callable[[], Response]],
    by_link: Mapping[str, FileOfVersion],
) -> None:
    """Serve the pages. Call it after everything that may refuse a request.

    Args:
        app: the application.
        public_verify: whether everyone may verify files.
        is_limited: whether verifications of everyone are counted.
        downloads: views of files of a version, by their names in addresses.
        by_link: what answers with files of a version to the holder of a link to it, likewise.
    """
    if is_limited:
        limits.init_app(app)
    app.config["PUBLIC_VERIFY"] = public_verify
    app.extensions[FILES_BY_LINK] = by_link
    app.register_blueprint(blueprint)
    for name, view in downloads.items():
        # The very views of the API, with its access: at these addresses a session opens them.
        endpoint = f"{sessions.PAGES}get_{name.replace('-', '_')}"
        app.add_url_rule(f"/app/{name}", endpoint, view, methods=["GET"])

    def welcome() -> BaseResponse | None:
        # No route: to all others there is nothing at this address, by any method.
        if request.path == "/" and request.method in ("GET", "HEAD") and wants_page(request):
            return redirect(page_url("get_search"), 303)
        return None

    app.before_request(welcome)
