"""Remarks on documents that may show something else than their bytes have.

`app/pdf/child/remarks.py` finds what they are about.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.cms import YES, Verdict, every

_REMARKS = {
    "elsewhere": YES.noting(
        "the document shows content that lies elsewhere, in other files or at other addresses"
    ),
    "scripts": YES.noting(
        "the document has scripts, or actions that open other files or may change what is shown"
    ),
    "form": YES.noting(
        "the document has a form of its own kind (XFA), which programs may show instead of its "
        "pages"
    ),
    "layers": YES.noting(
        "the document has layers that are not always shown: programs, screens and printers may "
        "show different content"
    ),
    "printing": YES.noting("the document has parts that are shown and printed in different ways"),
    "media": YES.noting(
        "the document has films, sounds or three-dimensional pictures, which programs show in "
        "different ways"
    ),
}
_UNSEARCHED = YES.noting(
    "the document has too many parts, or damaged ones: it was not searched for scripts, layers and "
    "content that lies elsewhere"
)


def write_remarks(found: Iterable[str]) -> Verdict:
    """Return yes, with a remark for each name."""
    return every(*(_REMARKS.get(one, _UNSEARCHED) for one in found))


def write_drawn(found: tuple[int, int] | None) -> Verdict:
    """Return yes, with a remark on the first object that programs draw in different ways."""
    if found is None:
        return YES
    page, number = found
    if not page:
        return _UNSEARCHED
    return YES.noting(
        "the document has parts that programs draw in different ways, the first of them on page "
        "{page} (object {number})",
        page=page,
        number=number,
    )
