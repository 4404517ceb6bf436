"""Personal numbers on pages of those who may not know them: only the end can be read."""

from __future__ import annotations

import re

#: Digits of a number that a masked one still has.
SHOWN = 4
# An IIN or a BIN, 12 digits, wherever it stands; but digests, long hexadecimal texts, stay whole.
_NUMBER = re.compile(r"[0-9A-Fa-f]{32,}|(?<![0-9])[0-9]{12}(?![0-9])")


def mask(number: str | None) -> str | None:
    """Return a personal number of which only the end can be read."""
    return number and "•" * (len(number) - SHOWN) + number[-SHOWN:]


def mask_numbers(page: str) -> str:
    """Return a page, or a text, in which each personal number is masked.

    Names of certificates and documents, and remarks that quote a document, may have them, too.
    """
    return _NUMBER.sub(lambda found: _mask_found(found[0]), page)


def _mask_found(text: str) -> str:
    return (mask(text) or "") if len(text) == 12 else text
