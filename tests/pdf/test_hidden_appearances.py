"""Signature fields without an area, which some viewers draw over the page all the same."""

from __future__ import annotations

import pytest

from tests.pdf.judging import text, verify
from tests.pdf.writing import Draft, stream, update

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
RESOURCES = b"/Resources << /Font << /F 40 0 R >> >>"
FORM = b"/Type /XObject /Subtype /Form " + RESOURCES
#: It paints the page white, and writes another text.
PAINT = b"1 1 1 rg 0 0 99 99 re f 0 g BT /F 20 Tf 5 40 Td (EVIL999) Tj ET"
FIELD = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (New) /F 4 /P 3 0 R %s >>"
AREA = b"/Rect [0 0 0 0]"
DRAWN = b" /AP << /N 63 0 R >>"
BOX = b" /BBox [0 0 99 99]"
ADDED = "yes: after signing, only signatures, timestamps or validation data were added"


def signed() -> Draft:
    draft = Draft(page=RESOURCES)
    draft.change({40: FONT, 4: stream(b"BT /F 20 Tf 5 40 Td (GOOD100) Tj ET")})
    draft.sign()
    return draft


def with_field(entries: bytes, form: bytes = FORM, drawn: bytes = PAINT, kind: bytes = b"") -> str:
    """Return what is said of a signature after which such a field was added."""
    draft = signed()
    draft.fields.append(64)
    field = FIELD % entries
    field = field.replace(b"/Subtype /Widget", kind) if kind else field
    draft.change({64: field, 63: stream(drawn, form)})
    return text(verify(draft.data)[0].whole_document)


#: Entries of the field, of its appearance, and its kind, by what is strange about them.
DRAWN_ANYWAY: dict[str, tuple[bytes, bytes, bytes]] = {
    "no box": (AREA + DRAWN, FORM, b""),
    "no box, elsewhere": (b"/Rect [9 9 9 9]" + DRAWN, FORM, b""),
    "a rectangle of truths": (b"/Rect [true true true true]" + DRAWN, FORM + BOX, b""),
    "an empty rectangle": (b"/Rect []" + DRAWN, FORM, b""),
    "a rectangle of null": (b"/Rect null" + DRAWN, FORM, b""),
    "a rectangle far away": (b"/Rect [99999999999 5 99999999999 5]" + DRAWN, FORM, b""),
    "a rectangle twice": (b"/Rect [0 0 99 99] /Rect [0 0 0 0]" + DRAWN, FORM + BOX, b""),
    "a box": (AREA + DRAWN, FORM + BOX, b""),
    "an empty box": (AREA + DRAWN, FORM + b" /BBox []", b""),
    "a thin box": (AREA + DRAWN, FORM + b" /BBox [0 0 1e-9 99]", b""),
    "a box of no area": (AREA + DRAWN, FORM + b" /BBox [0 0 0 0]", b""),
    "a box reversed": (AREA + DRAWN, FORM + b" /BBox [99 99 0 0]", b""),
    "a matrix and no box": (AREA + DRAWN, FORM + b" /Matrix [3 0 0 3 0 0]", b""),
    "a stream of no kind": (AREA + DRAWN, RESOURCES, b""),
    "states": (AREA + b" /AP << /N << /On 63 0 R >> >>", FORM, b""),
    "two appearances": (AREA + b" /AP << /N 63 0 R /D 63 0 R >>", FORM, b""),
    "an appearance that is none": (AREA + b" /AP 7", FORM, b""),
    "flags of the field": (AREA + b" /Ff 4095" + DRAWN, FORM, b""),
    "no rectangle": (b"/DA (/F 20 Tf)" + DRAWN, FORM, b""),
    **{
        kind.decode(): (AREA + DRAWN, FORM, b"/Subtype /" + kind)
        for kind in (b"FreeText", b"Stamp", b"Text", b"FileAttachment", b"Redact", b"Watermark")
    },
    "no appearance of a note": (AREA, FORM, b"/Subtype /FreeText"),
    "a kind that is a text": (AREA, FORM, b"/Subtype (/Widget)"),
    "no kind": (AREA + DRAWN, FORM, b" "),
}


@pytest.mark.parametrize("name", DRAWN_ANYWAY)
def test_an_area_of_zero_is_not_enough(name: str) -> None:
    entries, form, kind = DRAWN_ANYWAY[name]
    said = with_field(entries, form, kind=kind)
    assert said.startswith("unknown: "), said
    assert "a further signature that is shown" in said or "annotations" in said, said


@pytest.mark.parametrize(
    "drawn", [b"", b"\n", b"% DSBlank\n", b"%DSBlank\r\n", b"\n% DSBlank", b" \t "]
)
def test_an_appearance_of_nothing_is_allowed(drawn: bytes) -> None:
    assert with_field(AREA + DRAWN, FORM + b" /BBox [0 0 0 0]", drawn) == ADDED


def test_a_field_that_has_no_appearance_is_allowed() -> None:
    assert with_field(AREA) == ADDED
    assert with_field(b"") == ADDED


@pytest.mark.parametrize(
    "form",
    [
        FORM + b" /BBox [0 0 0 0] /F (other.pdf)",
        FORM + b" /BBox [0 0 0 0] /Filter /ASCIIHexDecode",
        FORM + b" /BBox [0 0 0 0] /Filter /FlateDecode",
        FORM + b" /BBox [0 0 9 9]",
    ],
)
def test_what_may_come_from_elsewhere_is_not_nothing(form: bytes) -> None:
    assert with_field(AREA + DRAWN, form, b" " * 4).startswith("unknown: ")
    assert with_field(AREA + DRAWN, FORM + b" /BBox [0 0 0 0]", b" " * 99).startswith("unknown: ")


@pytest.mark.parametrize("before", [b"", DRAWN])
def test_a_field_that_was_there_before_may_not_be_drawn_later(before: bytes) -> None:
    draft = Draft(page=RESOURCES)
    draft.fields.append(60)
    empty = stream(b"", FORM + b" /BBox [0 0 0 0]")
    draft.change({40: FONT, 63: empty, 60: FIELD % (AREA + before)})
    draft.sign()
    signed = draft.data
    value = {61: b"<< /Type /Sig >>"}
    filled = FIELD % (AREA + b" /V 61 0 R /AP << /N 65 0 R >>")
    draft.change({**value, 60: filled, 65: stream(PAINT, FORM)})
    said = text(verify(draft.data)[1].whole_document)
    assert "a further signature that is shown" in said, said
    again = update(signed, {**value, 60: filled, 65: empty})
    assert text(verify(again)[1].whole_document) == ADDED


def test_another_annotation_that_was_there_before_is_not_drawn_as_a_signature() -> None:
    draft = Draft(page=RESOURCES)
    draft.fields.append(60)
    note = (FIELD % b"/Rect [10 10 30 30]").replace(b"/Widget", b"/FreeText")
    draft.change({40: FONT, 60: note})
    draft.sign()
    draft.change({60: note[:-2] + DRAWN + b" >>", 63: stream(PAINT, FORM + BOX)})
    said = text(verify(draft.data)[0].whole_document)
    assert "a further signature that is shown" in said, said
