"""Signing with eGov Mobile by a QR code: the page with the code, and what the app asks for.

The code leads to API 1, which says who asks and where the documents are; API 2 gives them, and
takes them back signed. Both are open to the holder of the code for three minutes.
"""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any, Final

from flask import Response, current_app, jsonify, request
from werkzeug.exceptions import NotFound

from app.auth import public
from app.extensions import current_trusted, db
from app.services import json_bodies
from app.services.bodies import read_body
from app.services.json_bodies import MalformedJson
from app.signing.documents import KeptDocument
from app.signing.refusals import Refusal
from app.signing.saving import sign_document
from app.signing.submission import Submission, read_signature
from app.store.packages.passing_links import make_passing, read_passing
from app.store.packages.signing import AskedDocument, AskedSigning, find_signing
from app.web.blueprint import blueprint
from app.web.limits import count_verification
from app.web.qr import qr_path
from app.web.rendering import public_url, render
from app.web.sign_page import find_asked, find_kept, offers_code, who_asks
from app.web.sign_store import current_signing, in_turn
from app.web.sign_words import write_refusal
from app.web.texts import translated

#: Seconds for which a code can be used.
LASTS: Final = 180
#: The version of API 2's answers.
_VERSION: Final = 1


@blueprint.get("/sign/<token>/egov")
@public
def get_sign_egov(token: str) -> Response:
    """Return the page with a new code."""
    asked = find_asked(token)
    if asked is None or not offers_code(asked, find_kept(asked)):
        raise NotFound
    ends_at = int(time.time()) + LASTS
    with db.engine.connect() as connection:
        passing = make_passing(connection, token, ends_at)
    if passing is None:
        raise NotFound
    address = public_url("get_egov_request", passing=passing)
    return render(
        "sign_egov.html",
        policy={"connect-src": "'self'"},
        token=token,
        qr=qr_path(f"mobileSign:{address}"),
        ends_at=datetime.fromtimestamp(ends_at, UTC),
        lasts=LASTS,
    )


@blueprint.get("/sign/<token>/state")
@public
def get_sign_state(token: str) -> Response:
    """Return the state of a link, for the page that waits until its code was used."""
    asked = find_asked(token)
    if asked is None:
        raise NotFound
    return jsonify(state=asked.state)


@blueprint.get("/sign/egov/<passing>")
@public
def get_egov_request(passing: str) -> Response:
    """Answer API 1: who asks, and where the documents are."""
    asked, _ = _open(passing)
    ends_at = datetime.fromtimestamp(int(passing.split(".")[1], 16), UTC)
    name = who_asks() or ""
    return jsonify(
        description=asked.name or asked.documents[0].title,
        expiry_date=ends_at.isoformat(),
        organisation={
            "nameRu": name,
            "nameKz": name,
            "nameEn": name,
            "bin": current_app.config["ORGANIZATION_BIN"] or "",
        },
        document={
            "uri": public_url("get_egov_documents"),
            "auth_type": "Token",
            "auth_token": passing,
        },
    )


@blueprint.get("/sign/egov/documents")
@public
def get_egov_documents() -> Response:
    """Answer API 2: the documents that are to be signed."""
    asked, _ = _open(_bearer())
    kept = find_kept(asked)
    if not offers_code(asked, kept):
        raise NotFound
    documents = [_write(one, kept[one.number]) for one in asked.to_sign]
    return jsonify(signMethod="CMS_SIGN_ONLY", version=_VERSION, documentsToSign=documents)


@blueprint.put("/sign/egov/documents")
@public
def put_egov_documents() -> Response:
    """Take the documents back, each with its signature in place of its bytes."""
    asked, token = _open(_bearer())
    count_verification()
    with in_turn(asked):
        return _sign_each(token, asked)


def _sign_each(token: str, asked: AskedSigning) -> Response:
    """Answer to what the app sends back. Raises ParameterError or Busy."""
    given = _read(read_body(request))
    kept = find_kept(asked)
    wanted = [one for one in asked.to_sign if one.number in kept]
    if not wanted or any(str(one.number) not in given for one in wanted):
        return _refuse(translated("Not all documents were signed."))
    store = current_signing()
    for one in wanted:
        try:
            signature = read_signature(store.trust.turns, given.pop(str(one.number)))
            submission = Submission(one.number, signature, "egov-mobile", None, kept[one.number])
            sign_document(store, token, submission)
        except Refusal as refusal:
            return _refuse(write_refusal(refusal))
    return jsonify(message="OK")


def _open(passing: str) -> tuple[AskedSigning, str]:
    """Return what a code leads to, and the token of the link. Raises NotFound."""
    if not current_app.config["EGOV_QR"]:
        raise NotFound
    with db.engine.connect() as connection:
        token = read_passing(connection, passing, int(time.time()))
        asked = None if token is None else find_signing(connection, token, current_trusted())
    if token is None or asked is None or not asked.to_sign:
        raise NotFound
    return asked, token


def _bearer() -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _write(document: AskedDocument, kept: KeptDocument) -> dict[str, Any]:
    mime = "@file/pdf" if kept.is_pdf else kept.content.media_type or "text/plain"
    data = b64encode(b"".join(kept.pieces())).decode()
    names = dict.fromkeys(("nameRu", "nameKz", "nameEn"), document.title)
    return {
        "id": document.number,
        **names,
        "meta": [],
        "document": {"file": {"mime": mime, "data": data}},
    }


def _read(body: bytes) -> dict[str, str]:
    """Return the signatures in what the app sends back, by the ids of the documents.

    Nothing if it can't be read, or has two for one document. Raises ParameterError if it is too
    large.
    """
    found: dict[str, str] = {}
    try:
        for one in json_bodies.parse(body, fractions=False)["documentsToSign"]:
            data, number = one["document"]["file"]["data"], str(one["id"])
            if isinstance(data, str) and found.setdefault(number, data) != data:
                return {}
    except (KeyError, TypeError, MalformedJson):
        return {}
    return found


def _refuse(message: str) -> Response:
    """Refuse as the app understands it."""
    response = jsonify(message=message)
    response.status_code = 403
    return response
