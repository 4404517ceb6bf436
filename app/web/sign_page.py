"""The page behind a signer's link: what is asked, and signing it here or elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, jsonify, redirect, request
from werkzeug.exceptions import NotFound

from app.auth import public
from app.cms import is_der
from app.extensions import current_place, current_trusted, db
from app.services.errors import ParameterError
from app.services.uploads import as_text
from app.signing.checking import Marks
from app.signing.declining import decline
from app.signing.documents import KeptDocument, find_documents
from app.signing.own_copy import find_own
from app.signing.refusals import Refusal
from app.signing.saving import sign_document
from app.signing.submission import Method, Submission, read_signature
from app.store.packages.decisions import MAX_REASON
from app.store.packages.signing import AskedDocument, AskedSigning, LinkState, find_signing
from app.web.blueprint import blueprint
from app.web.errors import wants_page
from app.web.forms import FIELD, read_form, read_own, require_own_page
from app.web.limits import count_verification
from app.web.masking import mask
from app.web.posted import Posted
from app.web.rendering import POLICY, page_url, render
from app.web.sign_store import current_signing, in_turn
from app.web.sign_words import MARKS, trouble_with_signature, write_mark
from app.web.texts import translated
from app.web.troubles import Trouble, is_key

#: The status of the page for links by which nothing can be done any more; 200 for all others.
_GONE: dict[LinkState, int] = {"revoked": 410, "cancelled": 410, "expired": 410}


#: Bytes of all documents that are signed with eGov Mobile: they are one JSON text, in base64.
MAX_DOCUMENTS = 8 * 1024 * 1024
#: States in which a link shows no documents.
CLOSED: frozenset[LinkState] = frozenset({"revoked", "cancelled", "expired", "draft"})


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one document that was sent."""

    document: AskedDocument
    #: None: it is saved.
    trouble: Trouble | None
    marks: Marks | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it for the page's script."""
        return {
            "number": self.document.number,
            "saved": self.trouble is None,
            "message": self.trouble and self.trouble.what,
        }


@blueprint.get("/sign/<token>")
@public
def get_sign(token: str) -> Response:
    """Return the page of a link, in its state."""
    return _show(find_asked(token), token)


@blueprint.post("/sign/<token>")
@public
def sign(token: str) -> Response:
    """Take the signatures of the documents that the link is for."""
    require_own_page()
    asked = find_asked(token)
    if asked is None:
        return _unknown()
    if not asked.to_sign:
        return _answer(token, [], trouble_with_signature(Refusal("not_asked")))
    count_verification()
    with in_turn(asked):
        outcomes = _sign_each(token, asked)
    missing = None if outcomes else Trouble(translated("Choose the file with your signature."))
    return _answer(token, outcomes, missing)


@blueprint.post("/sign/<token>/decline")
@public
def decline_to_sign(token: str) -> Response:
    """Keep that the signer declines, and why."""
    reason = read_form("reason").get("reason", "")
    asked = find_asked(token)
    wrong = _refuse_reason(reason)
    if asked is not None and wrong:
        return _show(asked, token, 400, wrong_reason=wrong, reason=reason[:MAX_REASON])
    try:
        decline(db.engine, token, current_trusted(), reason[:MAX_REASON])
    except Refusal as refusal:
        return _show(find_asked(token), token, 400, troubles=[trouble_with_signature(refusal)])
    return _see_again(token, ())


def _refuse_reason(reason: str) -> str | None:
    """Return why a reason can't be kept, None if it can."""
    if not reason:
        return translated("Say why you decline.")
    if len(reason) > MAX_REASON:
        return translated("The reason may have {number} characters at most.", number=MAX_REASON)
    return None


def find_asked(token: str) -> AskedSigning | None:
    """Return what a link leads to; None if it is not known."""
    # Of the primary: who has just signed sees it.
    with db.engine.connect() as connection:
        return find_signing(connection, token, current_trusted())


def find_kept(asked: AskedSigning) -> dict[int, KeptDocument]:
    """Return the documents of a link that are kept, by their numbers."""
    with db.engine.connect() as connection:
        return find_documents(connection, db.engine, current_place(), asked)


def _numbers_of_own(asked: AskedSigning) -> set[int]:
    """Return the documents under which the link's holder can have the own signature."""
    with db.engine.connect() as connection:
        return set(find_own(connection, asked))


def _sign_each(token: str, asked: AskedSigning) -> list[_Outcome]:
    """Take the signatures in the form. Raises what `_read` does, and Busy."""
    posted = _read(asked)
    method: Method = "ncalayer" if posted.text("method") == "ncalayer" else "upload"
    sent = [one for one in asked.to_sign if posted.file(_name("signature", one))]
    kept = find_kept(asked)
    return [_sign(token, one, method, kept.get(one.number), posted) for one in sent]


def _sign(
    token: str, document: AskedDocument, method: Method, kept: KeptDocument | None, posted: Posted
) -> _Outcome:
    """Take the signature of one document."""
    given = posted.take(_name("document", document))
    store = current_signing()
    try:
        signature = read_signature(
            store.trust.turns, _opened(posted.take(_name("signature", document)) or b"")
        )
        submission = Submission(document.number, signature, method, given, kept)
        saved = sign_document(store, token, submission)
    except Refusal as refusal:
        return _Outcome(document, trouble_with_signature(refusal))
    return _Outcome(document, None, saved.marks)


def _opened(signature: bytes) -> str | bytes:
    """Return the text of a file, or its DER. Raises Refusal for a key, and what is neither."""
    if is_key(signature):
        raise Refusal("private_key")
    if is_der(signature):
        return signature
    try:
        return as_text(signature, "signature")
    except ParameterError as error:
        raise Refusal("unreadable") from error


def _read(asked: AskedSigning) -> Posted:
    """Read the form. Raises what `read_own` does, and ParameterError for a field not in it."""
    posted = read_own(files=True)
    files = {_name(kind, one) for kind in ("signature", "document") for one in asked.documents}
    posted.require_known((FIELD, "method"), files)
    return posted


def _name(kind: str, document: AskedDocument) -> str:
    """Return the name of a document's field."""
    return f"{kind}-{document.number}"


def _answer(token: str, outcomes: list[_Outcome], trouble: Trouble | None) -> Response:
    """Answer to a script with JSON, to a form with a page."""
    refused = [one.trouble for one in outcomes if one.trouble] or ([trouble] if trouble else [])
    refused = list(dict.fromkeys(refused))
    is_saved = bool(outcomes) and not refused
    marks = sorted({mark for one in outcomes if one.marks for mark in _names(one.marks)})
    if not wants_page(request):
        answer = jsonify(
            documents=[one.to_json() for one in outcomes],
            message=" ".join(dict.fromkeys(one.what for one in refused)) or None,
            detail=" ".join(one.detail for one in refused if one.detail) or None,
            next=_page_of(token, marks),
        )
        answer.status_code = 200 if is_saved else 400
        return answer
    if is_saved:
        return _see_again(token, marks)
    return _show(find_asked(token), token, 400, troubles=refused)


def _names(marks: Marks) -> list[str]:
    found = ["revocation"] if marks.revocation else []
    return [*found, "timestamp"] if marks.without_timestamp else found


def _page_of(token: str, marks: list[str] | tuple[str, ...]) -> str:
    return page_url("get_sign", token=token, **({"marks": ".".join(marks)} if marks else {}))


def _see_again(token: str, marks: list[str] | tuple[str, ...]) -> Response:
    return current_app.make_response(redirect(_page_of(token, marks), 303))


def _show(asked: AskedSigning | None, token: str, status: int = 200, **values: Any) -> Response:
    """Return the page in its state; to unknown links it says no more than that."""
    if asked is None:
        return _unknown()
    state = asked.state
    if status == 200:
        status = _GONE.get(state, 200)
    address = current_app.config["NCALAYER_URL"]
    parts = urlsplit(address)
    kept = {} if state in CLOSED else find_kept(asked)
    own = set() if state in CLOSED else _numbers_of_own(asked)
    known = [mark for mark in request.args.get("marks", "").split(".") if mark in MARKS]
    return render(
        "sign.html",
        status,
        policy={
            "connect-src": f"'self' {parts.scheme}://{parts.netloc}",
            "frame-src": "'self'",
            "script-src": POLICY["script-src"],
        },
        asked=asked,
        kept=kept,
        own=own,
        egov=offers_code(asked, kept),
        state=state,
        token=token,
        asks=who_asks(),
        masked=mask,
        marks=[write_mark(mark) for mark in known],
        ncalayer=address,
        ncalayer_page=f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}/",
        timestamp=current_app.config["SIGNING_TIMESTAMP"] != "off",
        longest_reason=MAX_REASON,
        **values,
    )


def _unknown() -> Response:
    """Answer that there is no such link. Raises NotFound for who wants no page."""
    if not wants_page(request):
        raise NotFound
    return render("sign_unknown.html", 404)


def offers_code(asked: AskedSigning, kept: dict[int, KeptDocument]) -> bool:
    """Return whether a link can be signed with eGov Mobile: all documents are here, and small."""
    config = current_app.config
    if not (config["EGOV_QR"] and config["PUBLIC_URL"] and asked.to_sign):
        return False
    sizes = [kept[one.number].size for one in asked.to_sign if one.number in kept]
    return len(sizes) == len(asked.to_sign) and sum(sizes) <= MAX_DOCUMENTS


def who_asks() -> str | None:
    """Return who asks for signatures: as the settings name it, else the public host."""
    name: str | None = current_app.config["ORGANIZATION_NAME"]
    return name or urlsplit(current_app.config["PUBLIC_URL"] or "").hostname
