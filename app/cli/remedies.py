"""What would settle an answer that is unknown: said to people after the reason."""

from __future__ import annotations

import re

#: What a reason says -> what to do about it. The first that fits.
_REMEDIES = tuple(
    (re.compile(reason), remedy)
    for reason, remedy in (
        (
            r"no trust anchor is set up|which is no trust anchor|^no certificate of .* that fits",
            "`flask trust add` with the certificate of that authority, once you have compared it",
        ),
        (
            r"^no CRL or OCSP|(?:holds|of .*) only until|from after its|says not all about",
            "a CRL or OCSP response of that time in TRUST_DIR, or REVOCATION=online",
        ),
        (r"^revocation can't be told without a path", "first a path to a trust anchor"),
        (r"^the content is detached", "the document that was signed, by --content"),
        (r"so the content itself is needed", "the document itself, by --content"),
        (
            r"^the content given .* CRLF",
            "the document as it was before a tool changed its line ends",
        ),
        (
            r"verified timestamp|was valid only until|proves nothing since",
            "a timestamp in the signature, or --at with a time at which it existed",
        ),
        (
            r"timestamp authority is neither",
            "the certificate of that authority in the folder `intermediates` of TRUST_DIR",
        ),
        (r"^the timestamp is from the future", "the right time on this machine's clock"),
        (
            r"count only if the authorities of the path",
            "the certificates of the path's authorities in TRUST_DIR",
        ),
    )
)


def remedy_of(reason: str) -> str | None:
    """Return what would settle an answer with this reason; None if nothing here would."""
    return next((remedy for pattern, remedy in _REMEDIES if pattern.search(reason)), None)
