"""The views of the description: OpenAPI for programs, a Swagger UI page for people."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Response, current_app, request, url_for
from werkzeug.exceptions import NotFound

from app.api.json_response import Answer
from app.api.openapi.document import write_document
from app.auth import public
from app.caching import answer_condition

blueprint = Blueprint("openapi", __name__)

#: Keys under which the application keeps the description files, and the document once it is built.
PARTS, DOCUMENT = "openapi parts", "openapi document"
#: The files of Swagger UI, from the package flask-swagger-ui, and our own.
READER = Path(str(files("flask_swagger_ui"))) / "dist"
PAGES = Path(__file__).with_name("pages")
ASSETS = {
    "swagger-ui.css": (READER, "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (READER, "text/javascript; charset=utf-8"),
    "favicon-32x32.png": (READER, "image/png"),
    "start.js": (PAGES, "text/javascript; charset=utf-8"),
}
#: The page loads nothing from other origins, and no other page may frame it. Swagger UI has its
#: icons in data URIs.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
#: Seconds for which a client may cache a file.
MAX_AGE = 3600
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@blueprint.get("/openapi.json")
@public
def get_openapi() -> Response:
    """Return the description of the API as OpenAPI 3.1."""
    return Answer(_document())


def _document() -> bytes:
    """Return the document, built on first use and unchanged after that."""
    extensions = current_app.extensions
    if DOCUMENT not in extensions:
        parts: Sequence[Path] = extensions[PARTS]
        extensions[DOCUMENT] = write_document(current_app, parts)
    document: bytes = extensions[DOCUMENT]
    return document


@blueprint.get("/docs")
@public
def get_docs() -> Response:
    """Return the page that shows the description."""
    page = (PAGES / "docs.html").read_text(encoding="utf-8")
    document = url_for("openapi.get_openapi")
    assets = url_for("openapi.get_docs")
    written = page.format(document=escape(document), assets=escape(assets))
    return Response(written, headers=_HEADERS, content_type="text/html; charset=utf-8")


@blueprint.get("/docs/<asset>")
@public
def get_docs_asset(asset: str) -> Response:
    """Return a file of the page."""
    if asset not in ASSETS:
        raise NotFound
    folder, content_type = ASSETS[asset]
    content = (folder / asset).read_bytes()
    response = Response(content, headers=_HEADERS, content_type=content_type)
    response.cache_control.max_age = MAX_AGE
    response.add_etag()
    answer_condition(response, request)
    return response
