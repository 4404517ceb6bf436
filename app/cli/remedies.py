"""Remedies: what would settle an unknown answer, printed after its reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.cms import Reason

_REVOCATION = Reason("a CRL or OCSP response of that time in TRUST_DIR, or REVOCATION=online")
#: The rest of it if CAs are asked already.
_REVOCATION_ONLINE = Reason("a CRL or OCSP response of that time in TRUST_DIR")

#: A pattern for the template of a reason -> the remedy. The first match counts.
_REMEDIES = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        (
            r"database that can't be read",
            Reason("the database, whose trust anchors count too: start it, and ask again"),
        ),
        (
            r"no trust anchor is set up|which is no trust anchor|^no certificate of .* that fits",
            Reason(
                "`flask trust add` with the certificate of that authority, once you have compared"
                " it"
            ),
        ),
        (
            r"install libgcrypt20",
            Reason("the library libgcrypt on this machine (Debian: libgcrypt20)"),
        ),
        (
            r"\{address\}|^too many requests for revocation data",
            Reason("to ask again later, or a CRL or OCSP response of that time in TRUST_DIR"),
        ),
        (
            (
                r"\bCRLs?\b|\bOCSP\b"
                r"|^the revocation data in the (?:signature|evidence package) cover"
                r"|^what the signature holds does not show"
                r"|whether the hold still applied"
            ),
            _REVOCATION,
        ),
        (
            r"^revocation can't be determined without a path",
            Reason("first a path to a trust anchor"),
        ),
        (
            r"count only if the authorities of the path",
            Reason("the certificates of the path's authorities in TRUST_DIR"),
        ),
        (r"^the content is detached", Reason("the document that was signed, by --content")),
        (
            r"so the content itself is needed|^the digest given is a|digest of (?:an|the) \w+ is",
            Reason("the document itself, by --content"),
        ),
        (
            r"^the content given .* CRLF",
            Reason("the document as it was before a tool changed its line ends"),
        ),
        (
            (
                r"verified timestamp|proves nothing since|can be forged|was invalid since"
                r"|was lifted later|timestamp existed before then"
            ),
            Reason("a timestamp in the signature, or --at with a time at which it existed"),
        ),
        (
            r"timestamp authority is neither",
            Reason("the certificate of that authority in the folder `intermediates` of TRUST_DIR"),
        ),
        (r"^the timestamp is from the future", Reason("the right time on this machine's clock")),
        (
            r"covers only|before text|content that is not signed|leave out all|where they count",
            Reason("a signature over the whole document"),
        ),
    )
)

_ANOTHER = Reason("a program that can check this, or a new signature made in another way")


def remedies_of(reasons: Iterable[Reason], *, online: bool = False) -> list[Reason]:
    """Return what would settle an answer with these reasons, each remedy once; at least one.

    `online`: CAs are asked already.
    """
    found: list[Reason] = []
    for reason in reasons:
        remedy = _remedy_of(reason)
        if online and remedy is _REVOCATION:
            remedy = _REVOCATION_ONLINE
        if remedy and remedy not in found:
            found.append(remedy)
    return found or [_ANOTHER]


def _remedy_of(reason: Reason) -> Reason | None:
    """Return the remedy for a reason; None if nothing available here would help."""
    fitting = (remedy for pattern, remedy in _REMEDIES if pattern.search(reason.template))
    return next(fitting, None)
