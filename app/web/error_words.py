"""Errors of requests in words for people: what it is, and what to do."""

from __future__ import annotations

from app.auth import ScopeMissing, TagsOutOfReach
from app.closed import OriginRefused
from app.pdf.errors import NoCard
from app.services.uploads import FormTooLarge
from app.web.texts import text, translated
from app.web.troubles import Trouble

_TOO_LARGE = 413
#: What it is, and what to do, by status.
_BY_STATUS = {
    403: (text("This is not permitted"), text("Ask the operator of this server for access.")),
    404: (
        text("There is nothing here"),
        text("The address may be incomplete, or what was here may have been deleted."),
    ),
    405: (text("This can't be done here"), text("Go back, and load the page again.")),
    413: (
        text("This file is too large"),
        text(
            "Choose a smaller file. A document that is too large to be sent can be compared by its "
            "hash: allow JavaScript for this site, and choose it again."
        ),
    ),
    429: (text("Too many requests"), text("Wait a minute, and try again.")),
    500: (
        text("Something went wrong"),
        text("It is not your fault. Try again; if it stays so, tell the operator."),
    ),
    503: (
        text("The server is busy at the moment"),
        text("Wait a moment, and load the page again."),
    ),
}
#: Of what a signer sends: the document is compared as a whole, so that no hash will do.
_TOO_LARGE_TO_SIGN = (
    text("This file is too large"),
    text(
        "Choose a smaller file. A signature is small if the document is not inside it: have your "
        "program sign without putting the document into the signature (detached)."
    ),
)
_OTHERS = (
    text("This request can't be answered"),
    text("Something in the address or the form is not as expected. Go back, try again."),
)


def trouble_with_request(
    status: int, message: str, error: Exception | None, is_signing: bool = False
) -> Trouble:
    """Return what to tell a reader whose request failed.

    Args:
        status: the HTTP status.
        message: the sentence of the program, in the reader's language.
        error: the exception, None if there was none.
        is_signing: whether it was sent to the page of a signer.
    """
    by_status = _BY_STATUS.get(status, _OTHERS)
    if status == _TOO_LARGE and is_signing:
        by_status = _TOO_LARGE_TO_SIGN
    what, advice = _by_error(error) or map(translated, by_status)
    return Trouble(what, advice, f"{message}.")


def _by_error(error: Exception | None) -> tuple[str, str] | None:
    """Return the words for an error that has its own; else None."""
    if isinstance(error, FormTooLarge):
        return (
            translated("What was written into this form is too long"),
            translated("Go back, and write less. Nothing of it was kept."),
        )
    if isinstance(error, NoCard):
        needed = translated(
            "A card needs, for each signer, a timestamp and what was said about revocation at that "
            "time."
        )
        later = translated("This evidence is still being obtained: try again later.")
        advice = f"{needed} {later}" if error.is_pending else needed
        return translated("There is no card of this version"), advice
    if isinstance(error, OriginRefused):
        return (
            translated("What you sent was not accepted: the form is out of date"),
            translated(
                "Load the page again and repeat what you did. If that does not help, allow cookies "
                "for this site, or use another browser."
            ),
        )
    if isinstance(error, ScopeMissing | TagsOutOfReach):
        return (
            translated("This is not permitted"),
            translated(
                "Your access token does not allow it. Ask the operator of this server for one that "
                "does."
            ),
        )
    return None
