"""Style and scripts, with the hash of their content in their address: browsers keep them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from flask import Response, url_for
from werkzeug.exceptions import NotFound

from app.auth import public
from app.web.blueprint import blueprint

FOLDER = Path(__file__).with_name("assets")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: A year, the longest time that is usual (RFC 9111 section 5.2.2.1, RFC 8246).
KEPT = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the pages."""

    content: bytes
    content_type: str
    #: The beginning of its SHA-256, hex; so long that its digits aren't masked as a number's are.
    digest: str


@cache
def _assets() -> dict[str, Asset]:
    """Return the files by name."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            content = path.read_bytes()
            digest = sha256(content).hexdigest()[:32]
            found[path.name] = Asset(content, TYPES[path.suffix], digest)
    return found


def asset_url(name: str) -> str:
    """Return the address of a file, which changes with it. Raises KeyError."""
    return url_for("web.get_asset", digest=_assets()[name].digest, name=name)


@blueprint.get("/assets/<digest>/<name>")
@public
def get_asset(digest: str, name: str) -> Response:
    """Return a file of the pages."""
    asset = _assets().get(name)
    if asset is None or asset.digest != digest:
        raise NotFound
    response = Response(asset.content, content_type=asset.content_type)
    response.headers["Cache-Control"] = KEPT
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
