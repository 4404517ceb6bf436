"""A document that is to be signed, as an answer that can do nothing in the browser."""

from __future__ import annotations

from itertools import chain
from urllib.parse import quote

from flask import Response

from app.services.media_types import DETACHED
from app.signing.documents import KeptDocument

_PDF = b"%PDF-"
#: A `sandbox` in the policy of the answer: one on the frame would turn off the PDF viewer of
#: Chromium, whatever it allows.
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def send_document(kept: KeptDocument) -> Response:
    """Answer with the bytes of a document: to be seen if it is a PDF, else to be downloaded.

    What it is says its beginning, and not who sent it. Raises ContentAway.
    """
    pieces = kept.pieces()
    first = next(pieces, b"")
    is_pdf = first.startswith(_PDF)
    response = Response(
        chain([first], pieces),
        content_type="application/pdf" if is_pdf else "application/octet-stream",
    )
    name = quote(kept.content.name or "document", safe="")
    response.headers["Content-Disposition"] = (
        f"{'inline' if is_pdf else 'attachment'}; filename*=UTF-8''{name}"
    )
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    response.content_length = kept.size
    return response


def send_signature(cms: bytes) -> Response:
    """Answer with a detached CMS (RFC 8551 section 3.2), to be downloaded."""
    response = Response(cms, content_type=DETACHED)
    response.headers["Content-Disposition"] = 'attachment; filename="signature.p7s"'
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
