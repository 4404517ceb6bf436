"""Which bytes of a PDF a signature covers, and whether that is the whole document.

A ByteRange is believed only in its one regular form: all bytes from the first on, but for the value
of Contents, to the end of a revision. Others have been used to sign less than is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from app.cms import YES, Answer, Reason, TimestampStatus, Verdict, every, no, unknown
from app.pdf.reading import Shown, SignatureDictionary
from app.pdf.remarks import write_drawn, write_remarks

_HEX = re.compile(rb"<[0-9A-Fa-f]*>")

_NO_RANGE = no("the ByteRange of the signature is missing, or not that of a signature")
_OTHER_GAP = no("the ByteRange leaves out other bytes than the value of the signature")
_BEYOND = no("the ByteRange reaches beyond the end of the file")
_NO_HEADER = unknown("bytes precede the header of the PDF, which programs read in different ways")
_WORDS = {
    "pages": Reason("its pages"),
    "annotation": Reason("annotations"),
    "form": Reason("the form"),
    "visible signature": Reason("a further signature that is shown on a page, and may cover it"),
    "final": Reason("a signature, which the certification of the document forbids"),
    "metadata": Reason("metadata"),
    "information": Reason("the document information"),
    "permissions": Reason("permissions"),
    "names": Reason("names, attached files or scripts"),
    "layers": Reason("layers"),
    "actions": Reason("actions"),
    "outlines": Reason("outlines"),
    "catalog": Reason("other parts of the catalog"),
}
_APPENDED = unknown("after signing, bytes were appended to the PDF that are no regular update")
_REVISION = unknown("the signed bytes are no complete document of their own")
_COMPLEX = unknown("what was changed in the PDF after signing is too much to be compared")
_AMBIGUOUS = unknown(
    "the signed bytes can be read in more than one way: programs may show other pages"
)
_AMBIGUOUS_UPDATE = unknown(
    "what was appended to the PDF after signing can be read in more than one way: programs may "
    "show other pages"
)
_OTHER_DICTIONARY = unknown(
    "the bytes that the ByteRange leaves out are not known to be the value of this signature "
    "alone: its dictionary stands elsewhere in the PDF, is that of another field, too, or can be "
    "read in more than one way"
)
_OVERLAP = unknown(
    "other parts of the PDF, such as its pages, may be read from the bytes that the ByteRange "
    "leaves out, which nobody signed"
)
_OTHERWISE = {
    "gap": _OTHER_DICTIONARY,
    "overlap": _OVERLAP,
    "appended": _APPENDED,
    "revision": _REVISION,
    "complex": _COMPLEX,
    "range": _NO_RANGE,
    "ambiguous": _AMBIGUOUS,
    "ambiguous update": _AMBIGUOUS_UPDATE,
}
_UPDATED = YES.noting("after signing, only signatures, timestamps or validation data were added")


def covered_content(data: bytes, one: SignatureDictionary) -> bytes | None:
    """Return the bytes that a signature covers; None if its ByteRange is not regular."""
    if _check_range(data, one) is not YES:
        return None
    _, size, start, rest = one.byte_range
    return data[:size] + data[start : start + rest]


def check_coverage(data: bytes, one: SignatureDictionary) -> Verdict:
    """Return whether a signature is on the whole document, as it is now."""
    form = _check_range(data, one)
    if form is not YES:
        return form
    header = YES if data.startswith(b"%PDF-") else _NO_HEADER
    named = [_name(change) for change in one.changes]
    is_updated = sum(one.byte_range[2:]) < len(data.rstrip(b"\r\n"))
    is_all = is_updated and not named and not one.shown
    remarks = every(write_remarks(one.remarks), write_drawn(one.drawn))
    return every(header, *named, _UPDATED if is_all else YES, remarks)


def check_shown(shown: Sequence[Shown], later: Mapping[str, Verdict]) -> Verdict:
    """Return whether the signatures that pages show since are good, and name each.

    `later` has the answers about those whose signed bytes end after this one's, by their fields.
    """
    return every(*[_check_shown(one, later.get(one.field)) for one in shown])


def check_stamps(stamps: Sequence[TimestampStatus | None]) -> Verdict:
    """Return whether what was added where only timestamps may be is that, by its contents."""
    are_stamps = all(
        one is not None and one.gen_time is not None and one.verdict.answer is not Answer.NO
        for one in stamps
    )
    return YES if are_stamps else _name("final")


def _check_shown(one: Shown, verdict: Verdict | None) -> Verdict:
    if verdict is None or verdict.answer is not Answer.YES:
        return unknown(
            "after signing, the signature {field} was added, which page {page} shows, and which is "
            "not known to be good: it may cover what was signed",
            field=one.field,
            page=one.page,
        )
    return YES.noting(
        "after signing, the signature {field} was added, which is good; page {page} shows it in "
        "the rectangle {rectangle}, where it may cover what was signed",
        field=one.field,
        page=one.page,
        rectangle=one.rectangle,
    )


def _name(change: str) -> Verdict:
    if change in _OTHERWISE:
        return _OTHERWISE[change]
    return unknown(
        "after signing, the PDF was changed: {what}", what=_WORDS.get(change, _WORDS["catalog"])
    )


def _check_range(data: bytes, one: SignatureDictionary) -> Verdict:
    """Return whether the ByteRange has the one regular form."""
    if len(one.byte_range) != 4:
        return _NO_RANGE
    begin, size, start, rest = one.byte_range
    if begin != 0 or size <= 0 or start <= size or rest <= 0:
        return _NO_RANGE
    if start + rest > len(data):
        return _BEYOND
    gap = data[size:start]
    if not _HEX.fullmatch(gap) or len(gap) % 2 or bytes.fromhex(gap[1:-1].decode()) != one.contents:
        return _OTHER_GAP
    return YES
