"""The files of a signer's page: the documents to be signed, and the holder's own signatures."""

from __future__ import annotations

from flask import Response
from werkzeug.exceptions import NotFound

from app.auth import public
from app.extensions import current_trust, db
from app.signing.own_copy import find_own_copy
from app.web.blueprint import blueprint
from app.web.limits import count_verification
from app.web.sign_document import send_document, send_signature
from app.web.sign_page import CLOSED, find_asked, find_kept


@blueprint.get("/sign/<token>/documents/<int:number>")
@public
def get_sign_document(token: str, number: int) -> Response:
    """Return a document that is kept: the very bytes that are signed."""
    asked = find_asked(token)
    kept = None if asked is None or asked.state in CLOSED else find_kept(asked).get(number)
    if kept is None:
        raise NotFound
    return send_document(kept)


@blueprint.get("/sign/<token>/signature/<int:number>")
@public
def get_own_signature(token: str, number: int) -> Response:
    """Return what the holder of the link has signed, as it is kept, without the other signers."""
    count_verification()
    asked = find_asked(token)
    if asked is None or asked.state in CLOSED:
        raise NotFound
    found = find_own_copy(db.engine, current_trust().turns, asked, number)
    if found is None:
        raise NotFound
    return send_signature(found)
