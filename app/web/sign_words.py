"""The words for what can happen on the page of a signer, each in the reader's language."""

from __future__ import annotations

from app.signing.refusals import Refusal, RefusalKind
from app.web.texts import sentence, text, translated
from app.web.troubles import Trouble

_REFUSALS: dict[RefusalKind, str] = {
    "unreadable": text(
        "This file is no signature in CMS format, or it is damaged. Choose the file that your"
        " program for signing has made: its name often ends in .cms, .p7s or .sig."
    ),
    "xml": text(
        "This is a signed XML document; a signature in CMS format is needed. Choose CMS in your"
        " program for signing, and sign again."
    ),
    "nothing_new": text("This signature is here already. You need not send it again."),
    "too_many_certificates": text(
        "Your signature brings many certificates of others along, and could not be joined with"
        " theirs. Sign again with another program."
    ),
    "too_many_signatures": text(
        "This file has several new signatures of yours, and others could not add theirs then. Send"
        " a file with one signature."
    ),
    "too_large": text(
        "Your signature is much larger than signatures are, and others could not add theirs then."
        " Sign again with another program."
    ),
    "too_much_revocation": text(
        "Your signature brings too many CRLs or OCSP responses along, and others could not add"
        " theirs then. Sign again without these: whether your certificate was revoked is checked"
        " here."
    ),
    "too_costly": text(
        "To verify your signature takes much longer than signatures take, and others could not add"
        " theirs then. Sign again with another program."
    ),
    "content_type": text(
        "This signature is not one of a file (its eContentType is not id-data). Sign the document"
        " again with another program."
    ),
    "document_needed": text(
        "Whether this document was signed can't be established: send the document with the"
        " signature."
    ),
    "other_file": text(
        "The file that you chose as the document is not the one that you are asked to sign: its"
        " SHA-256 is another one. Choose the very file that this page names, and sign that one."
    ),
    "document_differs": text(
        "What was signed is not the document that you are asked to sign. Sign the very file that"
        " this page names, not one that was saved again."
    ),
    "invalid": text(
        "The signature does not hold: it was damaged, or made with another key. Sign the document"
        " again."
    ),
    "person": text(
        "This key belongs to somebody else, or lacks the organisation or the role that was asked"
        " for. Choose the key of the person, and of the organisation, that this page names."
    ),
    "others_too": text(
        "Beside your signature, this file has a signature of somebody else that is not here yet."
        " Send a file with your signature alone: sign the document itself, not a file that others"
        " have signed."
    ),
    "private_key": text(
        "This looks like a key for signing, not a signature. Nothing of it was kept here. Never"
        " send your key to anyone; choose the file with the signature."
    ),
    "authentication_key": text(
        "This key is for signing in only (AUTH). Choose the key for signatures."
    ),
    "expired": text("The certificate of this key has expired. Get a new one and sign again."),
    "revoked": text("The certificate of this key was revoked. Get a new one and sign again."),
    "untrusted": text(
        "This certificate is not from an authority that is trusted here. Sign with a key of"
        " another authority, or ask those who asked you to sign which ones are accepted."
    ),
    "no_anchor": text(
        "No authority is trusted here yet, so no certificate can be checked. Tell those who"
        " asked you to sign."
    ),
    "no_timestamp": text(
        "The signature lacks a timestamp, which is required here. Sign with NCALayer on this page,"
        " or have your program add a timestamp (TSP)."
    ),
    "thread_differs": text(
        "What others have signed here is another document. Tell those who asked you to sign."
    ),
    "thread_not_cms": text(
        "Your signature can't be added to what is kept here, which is in another format. Tell"
        " those who asked you to sign."
    ),
    "not_joined": text(
        "Your signature can't be added to those that are here. Tell those who asked you to sign."
    ),
    "too_busy": text("Others are signing at this moment. Send your signature again."),
    "not_asked": text("This document can't be signed by this link any more. Load the page again."),
    "no_evidence": text(
        "The evidence that must be kept with a signature can't be obtained now. Try again later."
    ),
}

#: What is not known of a signature that was saved.
MARKS = {
    "revocation": text(
        "Whether your certificate was revoked could not be established now. That remains open."
    ),
    "timestamp": text("Your signature has no timestamp."),
}


def trouble_with_signature(refusal: Refusal) -> Trouble:
    """Return why a signature is not saved, and what to do."""
    detail = None if refusal.reason is None else sentence(refusal.reason)
    return Trouble(translated(_REFUSALS[refusal.kind]), None, detail)


def write_refusal(refusal: Refusal) -> str:
    """Return the same as one text."""
    trouble = trouble_with_signature(refusal)
    return f"{trouble.what} ({trouble.detail})" if trouble.detail else trouble.what


def write_mark(mark: str) -> str:
    """Return what a mark means. Raises KeyError."""
    return translated(MARKS[mark])
