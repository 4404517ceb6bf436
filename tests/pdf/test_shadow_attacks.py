"""Attacks on signed PDFs: none of them gets a yes, and each is named.

The kinds are those of the public research on PDF signatures: universal forgery, incremental saving,
signature wrapping, and shadow documents that hide, replace, or both.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.cms import Answer
from tests import pki
from tests.pdf.judging import text, verify, verify_if_readable
from tests.pdf.writing import CONTENTS, ROOM, Draft, new, resign, stream, update

PICTURE = stream(b"\xff", b"/Type /XObject /Subtype /Image /Width 1 /Height 1")
FIELD = b"<< /FT /Tx /T (sum) /V (%s) >>"


def signed() -> bytes:
    draft = Draft(page=b"/Resources << /XObject << /I 40 0 R >> >>", catalog=b"/Lang (ru)")
    draft.change({40: PICTURE, 41: stream(b"<x/>"), 50: b"<< /Type /Pages /Kids [] /Count 0 >>"})
    draft.sign()
    return draft.data


SIGNED = signed()


def catalog(more: bytes, fields: bytes = b"10 0 R", pages: bytes = b"2 0 R") -> dict[int, bytes]:
    form = b"/AcroForm << /Fields [%s] /SigFlags 3 >>" % fields
    return {1: b"<< /Type /Catalog /Pages %s %s %s >>" % (pages, form, more)}


def page(more: bytes, annotations: bytes = b"10 0 R") -> dict[int, bytes]:
    begin = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R /Annots [%s] %s >>"
    return {3: begin % (annotations, more)}


PLACED = b"/Resources << /XObject << /I 40 0 R >> >>"
LANG = b"/Lang (ru)"
WIDGET = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (x) /Rect %s %s >>"
#: What is appended, by the name of the attack, and how the answer names it.
UPDATES: dict[str, tuple[dict[int, bytes], str]] = {
    "hide a picture": ({40: b"null"}, "its pages"),
    "hide by a free object": ({}, "its pages"),
    "hide by layers": (catalog(LANG + b" /OCProperties << /OCGs [] /D << >> >>"), "layers"),
    "replace a picture": ({40: PICTURE.replace(b"\xff", b"\x00")}, "its pages"),
    "replace contents": ({CONTENTS: stream(b"BT (other) Tj ET")}, "its pages"),
    "replace what a page has": (page(PLACED + b" /Rotate 90"), "its pages"),
    "replace a resource": (page(b""), "its pages"),
    "hide and replace": (catalog(LANG, pages=b"50 0 R"), "its pages"),
    "add an annotation": (page(PLACED, b"10 0 R << /Subtype /FreeText >>"), "annotations"),
    "add a widget": (page(PLACED, b"10 0 R << /Subtype /Widget /FT /Tx >>"), "annotations"),
    "remove an annotation": (page(PLACED, b""), "annotations"),
    "annotations that are none": (
        {3: page(PLACED)[3].replace(b"[10 0 R]", b"(x)")},
        "annotations",
    ),
    "remove the form": ({1: b"<< /Type /Catalog /Pages 2 0 R /Lang (ru) >>"}, "the form"),
    "remove fields": (catalog(LANG, fields=b""), ""),
    "other terms of the form": (
        {1: catalog(LANG)[1].replace(b"/SigFlags 3", b"/SigFlags 3 /NeedAppearances true")},
        "the form",
    ),
    "a visible signature": (
        catalog(LANG, fields=b"10 0 R 60 0 R") | {60: WIDGET % (b"[0 0 50 50]", b"")},
        "a further signature that is shown",
    ),
    "a signature of strange size": (
        catalog(LANG, fields=b"10 0 R 60 0 R") | {60: WIDGET % (b"[0 0 (x) 0]", b"")},
        "a further signature that is shown",
    ),
    "a field that acts": (
        catalog(LANG, fields=b"10 0 R 60 0 R") | {60: WIDGET % (b"[0 0 0 0]", b"/AA << >>")},
        "the form",
    ),
    "a field with a value": (
        catalog(LANG, fields=b"10 0 R 60 0 R") | {60: WIDGET % (b"[0 0 0 0]", b"/V (x)")},
        "",
    ),
    "another rectangle": (
        {10: b"<< /Type /Annot /FT /Sig /T (S10) /F 132 /P 3 0 R /Rect [0 0 9 9] /V 11 0 R >>"},
        "annotations",
    ),
    "metadata": (catalog(LANG + b" /Metadata 41 0 R"), "metadata"),
    "permissions": (catalog(LANG + b" /Perms << >>"), "permissions"),
    "a script": (catalog(LANG + b" /Names << /JavaScript << >> >>"), "names, attached files"),
    "an action": (catalog(LANG + b" /OpenAction [3 0 R /Fit]"), "actions"),
    "outlines": (catalog(LANG + b" /Outlines << >>"), "outlines"),
    "another language": (catalog(b"/Lang (kk)"), "other parts of the catalog"),
    "a name in place of a text": (catalog(b"/Lang /ru"), "other parts of the catalog"),
    "validation data that are none": (catalog(LANG + b" /DSS << /X 1 >>"), "other parts"),
    "extensions that are none": (catalog(LANG + b" /Extensions << /A << /B [1] >> >>"), "other"),
    "extensions as a list": (catalog(LANG + b" /Extensions []"), "other"),
}


@pytest.mark.parametrize("name", UPDATES)
def test_what_is_changed_by_an_update_is_named(name: str) -> None:
    objects, named = UPDATES[name]
    data = update(SIGNED, objects) if objects else free(SIGNED, 40)
    found = verify(data)
    assert all(one.whole.answer is not Answer.YES for one in found)
    for one in found[:1]:
        assert one.intact.answer is Answer.YES
        assert one.whole_document.answer is Answer.UNKNOWN
        assert named in text(one.whole_document), text(one.whole_document)


def free(pdf: bytes, number: int) -> bytes:
    """Append an update in which an object is free."""
    last = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    table = b"xref\n%d 1\n0000000000 00001 f \ntrailer\n" % number
    rest = b"<< /Size 100 /Root 1 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n" % (last, len(pdf))
    return pdf + table + rest


def test_values_of_a_form_and_information_are_compared() -> None:
    draft = Draft()
    draft.fields.append(70)
    draft.change({70: FIELD % b"100"})
    draft.sign()
    [one] = verify(update(draft.data, {70: FIELD % b"999"}))
    assert text(one.whole_document) == "unknown: after signing, the PDF was changed: annotations"
    with_title = update(draft.data, {80: b"<< /Title (Other) /ModDate (D:2026) >>"})
    place = with_title.rindex(b"/Root 1 0 R")
    [one] = verify(with_title[:place] + b"/Info 80 0 R " + with_title[place:])
    assert "the document information" in text(one.whole_document)


def test_a_certification_may_forbid_further_signatures() -> None:
    terms = b"/Perms << /DocMDP << /Reference [<< /TransformParams << /P 1 >> >>] >> >>"
    draft = Draft(catalog=terms)
    draft.fields.append(60)
    empty = WIDGET[:-3] % (b"[0 0 0 0]", b"/P 3 0 R ")
    draft.change({60: empty + b">>"})
    draft.sign()
    once = draft.data
    draft.change({60: empty + b"/V 61 0 R >>", 61: b"<< /Type /Sig >>"})
    assert "which the certification" in text(verify(draft.data)[1].whole_document)
    draft.data = once
    draft.sign()
    assert "which the certification" in text(verify(draft.data)[0].whole_document)
    draft.data, draft.fields = once, draft.fields[:2]
    draft.sign(subfilter=b"/ETSI.RFC3161", kind=b"/DocTimeStamp")
    assert verify(draft.data)[0].whole_document.answer is Answer.YES


CERTIFIED = b"/Perms << /DocMDP << /Reference [<< /TransformParams << /P 1 >> >>] >> >>"
CALLED_STAMP = b"/Type /DocTimeStamp /SubFilter %s /Reason (I agree) %s"


@pytest.mark.parametrize("subfilter", [b"/ETSI.CAdES.detached", b"/ETSI.RFC3161"])
def test_a_signature_is_no_timestamp_by_its_name(subfilter: bytes) -> None:
    draft = Draft(catalog=CERTIFIED)
    draft.sign()
    draft.sign(subfilter=subfilter, kind=b"/DocTimeStamp")
    # Contents of a signature of a person, whatever the dictionary says.
    first, _ = verify(resign(draft.data, pki.person("ПЕТРОВА АННА")))
    assert "which the certification" in text(first.whole_document)


@pytest.mark.parametrize("subfilter", [b"/ETSI.CAdES.detached", b"/ETSI.RFC3161"])
@pytest.mark.parametrize("field", [b"", b"/T (S10)", b"/T (Other)"])
def test_a_copy_is_no_timestamp_by_its_name(subfilter: bytes, field: bytes) -> None:
    """Neither in a new field nor in one that was empty."""
    draft = Draft(catalog=CERTIFIED)
    widget = b"<< /Type /Annot /Subtype /Widget /FT /Sig %s /Rect [0 0 0 0] %s >>"
    if not field:
        draft.fields.append(70)
        draft.change({70: widget % (b"/T (Empty)", b"")})
    draft.sign()
    given = re.findall(rb"/ByteRange \[[^\]]*\] /Contents <[0-9a-f]+>", draft.data)[-1]
    if field:
        draft.fields.append(70)
    value = b"<< %s >>" % (CALLED_STAMP % (subfilter, given))
    draft.change({70: widget % (field or b"/T (Empty)", b"/V 71 0 R"), 71: value})
    said = {one.reason: text(one.whole_document) for one in verify(draft.data)}
    assert "which the certification" in said[None]
    assert said["I agree"].startswith("unknown: ")


def test_what_is_drawn_in_an_empty_field_may_cover_the_page() -> None:
    draft = Draft()
    widget = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (L) /P 3 0 R /Rect [0 0 99 99]"
    draft.fields.append(60)
    draft.change({60: widget + b" >>"})
    draft.sign()
    once = draft.data
    draft.change({60: widget + b" /AP << /N 62 0 R >> >>", 62: stream(b"")})
    [one] = verify(draft.data)
    assert "is shown on a page" in text(one.whole_document)
    draft.data = once
    draft.change({60: widget + b" /V << /Type /Page >> >>"})
    assert "the form" in text(verify(draft.data)[-1].whole_document)


RANGE = re.compile(rb"/ByteRange \[[^\]]*\]")


def with_range(written: bytes) -> Callable[[bytes], bytes]:
    return lambda pdf: RANGE.sub(lambda m: written.ljust(len(m[0])), pdf)


def with_value(written: bytes) -> Callable[[bytes], bytes]:
    value = re.compile(rb"/Contents <[0-9a-f]*>")
    return lambda pdf: value.sub(lambda m: written.ljust(len(m[0])), pdf)


def numbers(pdf: bytes) -> list[int]:
    found = RANGE.search(pdf)
    assert found
    return [int(one) for one in found[0][12:-1].split()]


def shorter(pdf: bytes) -> bytes:
    begin, size, start, rest = numbers(pdf)
    return with_range(b"/ByteRange [%d %d %d %d]" % (begin, size, start, rest - 50))(pdf)


def wider_gap(pdf: bytes) -> bytes:
    begin, size, start, rest = numbers(pdf)
    written = b"/ByteRange [%d %d %d %d]" % (begin, size - 9, start + 9, rest - 9)
    return with_range(written)(pdf)


def beyond(pdf: bytes) -> bytes:
    begin, size, start, rest = numbers(pdf)
    return with_range(b"/ByteRange [%d %d %d %d]" % (begin, size, start, rest + 1))(pdf)


def elsewhere(pdf: bytes) -> bytes:
    """Have the value stand in another object than where the gap is."""
    found = re.search(rb"/Contents (<[0-9a-f]*>)", pdf)
    assert found
    copied = b"/Contents <%s>" % found[1][1:-3]
    return pdf.replace(found[0], copied.ljust(len(found[0])))


#: Universal forgery: values of the signature dictionary that programs have taken for good.
FORGERIES: dict[str, Callable[[bytes], bytes]] = {
    "no ByteRange": with_range(b""),
    "ByteRange null": with_range(b"/ByteRange null"),
    "empty ByteRange": with_range(b"/ByteRange []"),
    "ByteRange of zeros": with_range(b"/ByteRange [0 0 0 0]"),
    "negative ByteRange": with_range(b"/ByteRange [0 -1 5 -1]"),
    "two numbers": with_range(b"/ByteRange [0 100]"),
    "texts": with_range(b"/ByteRange [0 (1) 2 3]"),
    "six numbers": with_range(b"/ByteRange [0 10 20 10 40 10]"),
    "it begins later": with_range(b"/ByteRange [1 10 20 10]"),
    "it overlaps": with_range(b"/ByteRange [0 99 50 10]"),
    "it ends earlier": shorter,
    "it ends beyond": beyond,
    "a wider gap": wider_gap,
    "no Contents": with_value(b""),
    "Contents null": with_value(b"/Contents null"),
    "empty Contents": with_value(b"/Contents <>"),
    "Contents of zero": with_value(b"/Contents <00>"),
    "Contents shorter than the gap": elsewhere,
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_signature_dictionary_is_refused(name: str) -> None:
    [one] = verify(FORGERIES[name](SIGNED))
    assert one.whole_document.answer is not Answer.YES
    assert one.whole.answer is not Answer.YES


def wrapped(pdf: bytes) -> bytes:
    """Move the second part of what was signed to the end, and write other objects in between."""
    begin, size, start, rest = numbers(pdf)
    tail = pdf[start : start + rest]
    between = b" >>\nendobj\n4 0 obj\n<< /Length 2 >>\nstream\nET\nendstream\nendobj\n"
    moved = pdf[:start] + between + tail
    new_start = start + len(between)
    return with_range(b"/ByteRange [%d %d %d %d]" % (begin, size, new_start, rest))(moved)


def test_a_wrapped_signature_is_refused() -> None:
    for data in (wrapped(SIGNED), SIGNED.replace(b"/Contents <", b"/Contents  <", 1)):
        assert all(one.whole.answer is not Answer.YES for one in verify_if_readable(data))


APPENDED = {
    "an object": b"4 0 obj\n<< /Length 2 >>\nstream\nET\nendstream\nendobj\n",
    "an object and an end": b"4 0 obj\nnull\nendobj\nstartxref\n0\n%%EOF\n",
    "an end alone": b"%%EOF\n",
    "text": b"hello",
    "a trailer": b"trailer\n<< /Root 50 0 R >>\n%%EOF",
}


@pytest.mark.parametrize("name", APPENDED)
def test_what_is_appended_without_a_table_is_no_part(name: str) -> None:
    found = verify_if_readable(SIGNED + APPENDED[name])
    for one in found:
        assert one.intact.answer is Answer.YES
        assert one.whole_document.answer is Answer.UNKNOWN
        assert one.covers_file is False


def test_objects_before_the_update_of_a_further_signature_are_no_part() -> None:
    # The end of the whole is regular, that of the bytes in between is not.
    [one] = verify(update(SIGNED + b"4 0 obj\nnull\nendobj\n%%EOF\n", catalog(LANG)))
    assert "no regular update" in text(one.whole_document)


def test_a_signature_must_be_in_what_it_signs() -> None:
    value = re.search(rb"11 0 obj\n(.*?)\nendobj", SIGNED, re.DOTALL)
    assert value
    widget = b"<< /Type /Annot /FT /Sig /T (Other) /Rect [0 0 0 0] /V 61 0 R >>"
    copied = update(SIGNED, {**catalog(LANG, fields=b"10 0 R 60 0 R"), 60: widget, 61: value[1]})
    first, second = verify(copied)
    assert first.whole_document.answer is Answer.YES
    assert text(second.whole_document).startswith(
        "unknown: the bytes that the ByteRange leaves out are not known to be the value of this"
    )


def test_bytes_before_the_header_are_noted() -> None:
    pages = b"<< /Type /Pages /Kids [] /Count 0 >>"
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: pages}
    draft = Draft(data=new(objects, b"x\n%PDF-1.7\n"))
    draft.sign()
    for one in verify_if_readable(draft.data):
        assert "bytes precede the header" in text(one.whole_document)


def test_the_place_is_large_enough() -> None:
    assert len(SIGNED) > ROOM
