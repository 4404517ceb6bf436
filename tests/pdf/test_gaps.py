"""What a ByteRange leaves out, which nobody signed: it is the value of one signature alone.

A font can have glyphs for some of its digits alone, and their case is not signed; so what shows
them shows what nobody signed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

import pytest

from app.cms import Answer
from app.pdf.child import extents, gaps
from app.pdf.child.answering import answer
from app.pdf.limits import USUAL
from tests.pdf.judging import text, verify, verify_if_readable
from tests.pdf.writing import ROOM, Draft, fill, stream, update

ADDED = "yes: after signing, only signatures, timestamps or validation data were added"
ELSEWHERE = (
    "unknown: the bytes that the ByteRange leaves out are not known to be the value of this "
    "signature alone: its dictionary stands elsewhere in the PDF, is that of another field, too, "
    "or can be read in more than one way"
)
OVERLAP = (
    "unknown: other parts of the PDF, such as its pages, may be read from the bytes that the "
    "ByteRange leaves out, which nobody signed"
)
PLACE = b"/ByteRange [0 " + b"*" * 30 + b"]"
VALUE = (
    b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached %s %s /Contents %s>> "
)
ROOM_FOR_VALUE = b"<" + b"0" * ROOM + b">"
SIGNATURE = b"11 0 obj\n" + VALUE % (PLACE, b"", ROOM_FOR_VALUE) + b"\nendobj\n"
WIDGET = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (%s) /F 132 /P 3 0 R /Rect [0 0 0 0] %s >>"
OBJECTS = {
    1: b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [10 0 R] /SigFlags 3 >> >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R /Annots [10 0 R] >>",
    10: WIDGET % (b"S10", b"/V 11 0 R"),
}


def signed(
    before: bytes = b"",
    after: bytes = b"",
    signature: bytes = SIGNATURE,
    objects: Mapping[int, bytes] | None = None,
    early: int = 0,
) -> bytes:
    """Return a file of one revision, with a signature that stands between these bytes.

    What looks like an object there is listed, by so many bytes too early.
    """
    pdf, places = b"%PDF-1.7\n", {}
    for number, body in {**OBJECTS, **(objects or {})}.items():
        if signature.startswith(b"%d 0 obj" % number):
            continue
        places[number] = len(pdf)
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    written = before + signature + after
    for found in re.finditer(rb"\b([0-9]+) 0 obj", written):
        places[int(found[1])] = len(pdf) + found.start() - early
    pdf += written
    table = b"".join(b"%d 1\n%010d 00000 n \n" % (n, at) for n, at in sorted(places.items()))
    end = b"trailer\n<< /Size 100 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(pdf)
    return fill(pdf + b"xref\n0 1\n0000000000 65535 f \n" + table + end)


SIZE = len(SIGNATURE)
DRAWN = {4: stream(b"BT ET")}


def test_a_file_of_one_revision_is_signed_as_a_whole() -> None:
    [one] = verify(signed(objects=DRAWN))
    assert (one.intact.answer, text(one.whole_document)) == (Answer.YES, "yes: ")


#: What stands before and after the signature, so that another object has the gap in it, too.
SPANNING = {
    "the text of a page": (
        b"4 0 obj\n<< /Length %d >>\nstream\nBT (" % (SIZE + 15),
        b") Tj ET\nendstream\nendobj\n",
    ),
    "a text": (b"4 0 obj\n<< /Type /Annot /Contents (", b") >>\nendobj\n"),
    "a text in texts": (b"4 0 obj\n<< /Contents (((()", b"))) >>\nendobj\n"),
    "a dictionary": (b"4 0 obj\n<< /A\n", b">>\nendobj\n"),
    "an array": (b"4 0 obj\n[ << ] ", b">>]\nendobj\n"),
    "a dictionary without an end": (b"4 0 obj\n<< /A (x) /B\nendobj\n", b">>\nendobj\n"),
    "a comment": (b"4 0 obj %", b""),
    "a comment after a value": (b"4 0 obj [] %", b""),
    "nothing": (b"4 0 obj\n", b""),
    "digits": (b"4 0 obj\n<41", b">\nendobj\n"),
    "a length twice": (
        b"4 0 obj\n<< /Length 2 /Length %d >>\nstream\n  endstream\nendobj\n" % (SIZE + 19),
        b"\nendstream\nendobj\n",
    ),
    "a length twice, by its escape": (
        b"4 0 obj\n<< /L#65ngth %d /Length 2 >>\nstream\n  endstream\nendobj\n" % (SIZE + 19),
        b"\nendstream\nendobj\n",
    ),
    "a length after a blank that is none": (
        b"4 0 obj\n<< /Length\xff%d /Length 2 >>\nstream\n  endstream\nendobj\n" % (SIZE + 19),
        b"\nendstream\nendobj\n",
    ),
    "a length after a comment": (
        b"4 0 obj\n<< /Length%%\n%d /Length 2 >>\nstream\n  endstream\nendobj\n" % (SIZE + 19),
        b"\nendstream\nendobj\n",
    ),
    "a length elsewhere": (
        b"5 0 obj\n%d\nendobj\n4 0 obj\n<< /Length 5 0 R >>\nstream\n" % SIZE,
        b"endstream\nendobj\n",
    ),
    "a length that is not there": (
        b"4 0 obj\n<< /Length 77 0 R >>\nstream\n",
        b"endstream\nendobj\n",
    ),
    "a length that is short": (
        b"4 0 obj\n<< /Length 1 >>\nstream\nBT\n",
        b"endstream\nendobj\n",
    ),
    "a stream after a blank that is none": (
        b"4 0 obj\n<< /Length %d >>\x80stream\n" % SIZE,
        b"endstream\nendobj\n",
    ),
    "a stream after CR alone": (
        b"4 0 obj\n<< /Length %d >>\nstream\r" % SIZE,
        b"endstream\nendobj\n",
    ),
    "an object by another number": (b"4 1 obj\n[]\nendobj\n4 0 obj (", b")\nendobj\n"),
}


@pytest.mark.attacks
@pytest.mark.parametrize("name", SPANNING)
def test_another_object_that_may_reach_into_the_gap_is_doubted(name: str) -> None:
    for one in verify_if_readable(signed(*SPANNING[name])):
        assert text(one.whole_document).endswith(OVERLAP.removeprefix("unknown: "))
        assert one.whole_document.answer is Answer.UNKNOWN


@pytest.mark.attacks
def test_most_of_these_are_readable() -> None:
    """Else the test above would test nothing."""
    readable = [name for name, parts in SPANNING.items() if verify_if_readable(signed(*parts))]
    assert len(readable) > 15


@pytest.mark.attacks
@pytest.mark.parametrize("word", ["", "DEAD"])
def test_the_case_of_digits_that_a_page_shows_is_not_signed(word: str) -> None:
    data = bytearray(signed(*SPANNING["the text of a page"]))
    at = data.index(b"/Contents <") + len(b"/Contents <")
    for letter in word.encode():
        at = data.index(letter + 32, at)
        data[at] = letter
    [one] = verify(bytes(data))
    assert one.intact.answer is Answer.YES
    assert text(one.whole_document) == OVERLAP


@pytest.mark.attacks
def test_a_text_that_a_page_shows_after_a_comment_is_doubted() -> None:
    """The dictionary itself has a comment, in which the text of the page ends."""
    value = VALUE % (PLACE, b"", b"%) Tj /F 20 Tf (\n" + ROOM_FOR_VALUE)
    shown = b"11 0 obj\n" + value + b"\nendobj\n"
    begin = b"4 0 obj\n<< /Length %d >>\nstream\nBT (" % (len(shown) + 15)
    [one] = verify(signed(begin, b") Tj ET\nendstream\nendobj\n", shown))
    assert one.whole_document.answer is Answer.UNKNOWN


@pytest.mark.attacks
@pytest.mark.parametrize("number", [11, 12])
def test_tables_that_are_read_from_the_gap_are_doubted(number: int) -> None:
    """The rows of a cross-reference stream are what is in the gap."""
    rows = b"/Type /XRef /Size 100 /Root 1 0 R /W [1 4 2] /Index [90 1]"
    data = signed(objects=DRAWN)
    at = data.index(b"11 0 obj")
    # Only that it is no yes: nobody can write rows that are digits and lead anywhere.
    begin = b"%d 0 obj\n<< %s /Length %d >>\nstream\n" % (number, rows, SIZE)
    assert all(
        one.whole_document.answer is not Answer.YES
        for one in verify_if_readable(data[:at] + begin + data[at:])
    )


@pytest.mark.attacks
@pytest.mark.parametrize(
    "more",
    [
        b"/Subtype /FreeText /DA (/F 9 Tf 0 g) /Rect [5 5 95 95]",
        b"/Subtype /Text",
        b"/S#75btype /Text",
        b"/Rect [5 5 95 95]",
        b"/FT /Tx /T (x)",
        b"/Kids []",
    ],
)
def test_a_signature_that_is_an_annotation_as_well_is_doubted(more: bytes) -> None:
    draft = Draft()
    draft.sign(more=more)
    [one] = verify(draft.data)
    assert text(one.whole_document).startswith(OVERLAP)


@pytest.mark.attacks
def test_a_signature_of_another_type_is_doubted() -> None:
    draft = Draft()
    draft.sign(kind=b"/Annot")
    [one] = verify(draft.data)
    assert text(one.whole_document) == OVERLAP


@pytest.mark.attacks
@pytest.mark.parametrize("kind", [b"[/Sig]", b"<< /Sig /Sig >>", b"4 0 R"])
def test_a_type_that_is_no_name_is_doubted(kind: bytes) -> None:
    draft = Draft()
    draft.sign(kind=kind)
    [one] = verify(draft.data)
    assert text(one.whole_document).startswith(OVERLAP)


@pytest.mark.attacks
@pytest.mark.parametrize("length", [b"9999999999 0 R", b"2147483648 0 R", b"77 99999 R"])
def test_a_length_by_a_number_that_no_object_has_is_doubted(length: bytes) -> None:
    body = b"<< /Length %s >>\nstream\nBT\nendstream" % length
    [one] = verify(signed(objects={**DRAWN, 5: body}))
    assert text(one.whole_document).endswith(OVERLAP.removeprefix("unknown: "))


@pytest.mark.attacks
@pytest.mark.parametrize(
    "written",
    [
        b"/Reason (a) /Reason (b)",
        b"/Reason %c\n (b)",
        b"/Contents <00>",
        b"/Contents 4 0 R",
        b"/Co#6etents <00>",
        b"/ByteRange [0 1 2 3]",
    ],
)
def test_a_dictionary_that_can_be_read_otherwise_is_doubted(written: bytes) -> None:
    value = b"11 0 obj\n" + VALUE % (PLACE, written, ROOM_FOR_VALUE) + b"\nendobj\n"
    for one in verify_if_readable(signed(signature=value, objects=DRAWN)):
        assert one.whole_document.answer is not Answer.YES


@pytest.mark.attacks
def test_contents_that_are_of_a_part_of_the_dictionary_are_doubted() -> None:
    inner = b"/Inner << /Contents %s >> " % ROOM_FOR_VALUE
    value = b"11 0 obj\n<< /Type /Sig /SubFilter /ETSI.CAdES.detached %s %s" % (PLACE, inner)
    data = signed(signature=value + b"/Contents  <" + b"1" * ROOM + b"> >>\nendobj\n")
    found = re.search(rb"/Contents <([0-9a-f]+)>", data)
    assert found
    for one in verify_if_readable(data.replace(b"1" * ROOM, found[1])):
        assert text(one.whole_document) == ELSEWHERE


@pytest.mark.attacks
def test_a_signature_in_an_object_stream_is_doubted() -> None:
    held = VALUE % (PLACE, b"", ROOM_FOR_VALUE)
    data = b"11 0 " + held
    body = b"<< /Type /ObjStm /N 1 /First 5 /Length %d >>\nstream\n%s\nendstream" % (
        len(data),
        data,
    )
    pdf, rows = b"%PDF-1.7\n", []
    for number, written in {**OBJECTS, **DRAWN, 12: body}.items():
        rows.append((number, bytes([1]) + len(pdf).to_bytes(4, "big") + bytes(2)))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    rows.append((11, bytes([2]) + (12).to_bytes(4, "big") + bytes(2)))
    rows.sort()
    index = b" ".join(b"%d 1" % number for number, _ in rows)
    terms = b"/Type /XRef /Size 100 /Root 1 0 R /W [1 4 2] /Index [%s]" % index
    table = stream(b"".join(row for _, row in rows), terms)
    end = b"13 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, len(pdf))
    [one] = verify(fill(pdf + end))
    assert one.intact.answer is Answer.YES
    assert text(one.whole_document) == ELSEWHERE


def with_twin(name: bytes, more: bytes, value: bytes = b"/V 71 0 R") -> bytes:
    """Return a signed file to which somebody added a field with a copy of the signature."""
    draft = Draft()
    draft.sign(more=b"/Name (Ivan) /Reason (draft only)")
    [given] = re.findall(rb"/ByteRange \[[^\]]*\]", draft.data)
    contents = re.findall(rb"/Contents <[0-9a-f]+>", draft.data)[-1]
    draft.fields.append(70)
    draft.change(
        {
            70: WIDGET % (name, value),
            71: b"<< /Type /Sig /SubFilter /ETSI.CAdES.detached %s %s %s >>"
            % (more, given, contents),
        }
    )
    return draft.data


WORDS = b"/Name (Director) /Reason (I agree to pay 1000000) /M (D:20200101000000Z)"


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("name", "more", "value"),
    [
        (b"S10", WORDS, b"/V 71 0 R"),
        (b"S10", b"/Name (Ivan) /Reason (draft only)", b"/V 71 0 R"),
        (b"Other", WORDS, b"/V 71 0 R"),
        (b"S10", WORDS, b"/V 11 0 R"),
        (b"Other", WORDS, b"/V 11 0 R"),
    ],
)
def test_words_of_others_beside_a_copied_signature_are_not_believed(
    name: bytes, more: bytes, value: bytes
) -> None:
    first, second = verify(with_twin(name, more, value))
    if value == b"/V 71 0 R":
        assert text(first.whole_document) == ADDED
        assert text(second.whole_document) == ELSEWHERE
    for one in (first, second):
        is_doubted = one is second or value == b"/V 11 0 R"
        assert (one.whole_document.answer is Answer.UNKNOWN) is is_doubted


@pytest.mark.attacks
def test_two_fields_of_one_signature_are_doubted() -> None:
    draft = Draft()
    draft.fields.append(60)
    draft.sign(others={60: WIDGET % (b"S60", b"/V 13 0 R")})
    for one in verify(draft.data):
        assert text(one.whole_document) == ELSEWHERE


@pytest.mark.attacks
def test_words_that_replace_those_of_a_signature_are_a_change() -> None:
    draft = Draft()
    draft.sign(more=b"/Reason (draft only)")
    found = re.search(rb"11 0 obj\n(.*?)\nendobj", draft.data, re.DOTALL)
    assert found
    [one] = verify(update(draft.data, {11: found[1].replace(b"draft only", b"I agree")}))
    assert text(one.whole_document) == ELSEWHERE


#: Objects that are not written by the rules, and end where each program sees it.
HONEST: dict[str, dict[int, bytes]] = {
    "a comment": {4: b"% (a comment\n" + stream(b"BT ET")},
    "a comment in it": {5: b"<< % >> endobj\n/A 1 >>"},
    "a key twice": {5: b"<< /A 1 /A 2 >>"},
    "NUL as a blank": {5: b"[1\x002]"},
    "words in names": {5: b"<< /Xstream /endstream /Type /stream >>"},
    "words in texts": {5: b"(endobj stream 4 0 << [ \\( )"},
    "texts in texts": {5: b"<< /A (a (b (c (d) e) \\) f)) /B <4 1> >>"},
    "a length elsewhere": {4: b"<< /Length 5 0 R >>\nstream\nBT ET\nendstream", 5: b"5"},
    "no line before the end": {4: b"<< /Length 5 >>stream\r\nBT ETendstream"},
    "other lengths": {4: stream(b"BT ET", b"/Length1 77 /DL 99")},
    "nothing": {5: b""},
    "a number": {5: b"7"},
    "a new line before": {5: b"\n\n  null"},
    "deep": {5: b"[" * 40 + b"<< >>" + b"]" * 40},
}


@pytest.mark.parametrize("name", HONEST)
def test_what_ends_where_all_see_it_stays_a_yes(name: str) -> None:
    [one] = verify(signed(objects={**DRAWN, **HONEST[name]}))
    assert text(one.whole_document) == "yes: "


DETACHED = b"/SubFilter /ETSI.CAdES.detached"
#: Dictionaries around their values.
WRITTEN = {
    "closely": (b"11 0 obj<<", b"/Contents", b"/Type/Sig/M(D:2025\\))>>\nendobj\n"),
    "by a program that names itself": (
        b"11 0 obj   % Some.Program.Dictionary (a\n<<\n  ",
        b"\n  /Contents ",
        b"\n  /Type /Sig\n>>\nendobj\n%----------\n",
    ),
    "in lines": (b"\r\n11 0 obj\r\n<<\r\n", b"\r\n/Contents\r\n", b"\r\n>>\r\nendobj\r\n"),
    "with more": (
        b"11 0 obj\n<< /Filter /Adobe.PPKLite /Reason (\xfe\xff\x00\\(\x04\x10\x00\\)) /R 0 ",
        b"/Prop_Build << /App << /Name /Some#20Program /REx (1.0) >> >> /Contents ",
        b" /Reference [<< /Type /SigRef >>] /Cert <00> >>\nendobj\n",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_dictionaries_that_are_written_otherwise_stay_a_yes(name: str) -> None:
    begin, middle, end = WRITTEN[name]
    written = begin + DETACHED + PLACE + middle + ROOM_FOR_VALUE + end
    [one] = verify(signed(signature=written, objects=DRAWN))
    assert text(one.whole_document) == "yes: "


@pytest.mark.parametrize(("early", "answer"), [(1, "yes: "), (8, "yes: "), (9, ELSEWHERE)])
def test_blanks_at_the_offset_of_a_signature_are_skipped(early: int, answer: str) -> None:
    """Older programs list the end of the line before."""
    written = b" " * (early - 1) + b"\n" + SIGNATURE
    [one] = verify(signed(signature=written, objects=DRAWN, early=early))
    assert text(one.whole_document) == answer


def test_a_signature_that_stands_in_its_field_stays_a_yes() -> None:
    value = VALUE % (PLACE, b"", ROOM_FOR_VALUE)
    field = b"10 0 obj\n" + WIDGET % (b"S10", b"/V " + value) + b"\nendobj\n"
    [one] = verify(signed(signature=field, objects=DRAWN))
    assert text(one.whole_document) == "yes: "


def test_a_length_in_an_object_stream_is_found() -> None:
    packed = stream(zlib.compress(b"90 0 5"), b"/Type /ObjStm /N 1 /First 5 /Filter /FlateDecode")
    draft = Draft()
    rows = [bytes([1]) + len(draft.data).to_bytes(4, "big") + bytes(2)]
    pdf = draft.data + b"80 0 obj\n" + packed + b"\nendobj\n"
    rows.append(bytes([1]) + len(pdf).to_bytes(4, "big") + bytes(2))
    pdf += b"81 0 obj\n<< /Length 90 0 R >>\nstream\nBT ET\nendstream\nendobj\n"
    rows.append(bytes([2]) + (80).to_bytes(4, "big") + bytes(2))
    last = re.findall(rb"startxref\s+(\d+)", draft.data)[-1]
    terms = b"/Type /XRef /Size 100 /Root 1 0 R /Prev %s /W [1 4 2] /Index [80 2 90 1]" % last
    table = b"82 0 obj\n%s\nendobj\n" % stream(b"".join(rows), terms)
    later = Draft(data=pdf + table + b"startxref\n%d\n%%%%EOF\n" % len(pdf))
    later.sign()
    [one] = verify(later.data)
    assert text(one.whole_document) == "yes: "


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 2_000 + b"]" * 2_000,
        b"[" + b"() " * 6_000 + b"]",
        b"(" + b"((()))" * 2_000 + b")",
    ],
)
def test_what_is_looked_at_has_limits(body: bytes) -> None:
    limits = USUAL.__class__(tokens=5_000)
    found, _ = answer("signatures", signed(objects={**DRAWN, 5: body}), limits)
    assert isinstance(found["signatures"], list)
    assert [one["changes"] for one in found["signatures"]] == [["overlap"]]


@pytest.mark.parametrize("body", [b"[" + b"0 " * 500 + b"]", b"[()" + b"0 " * 500 + b"]"])
def test_values_are_copied_up_to_a_limit(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    data = signed(objects={**DRAWN, 5: body})
    assert text(verify(data)[0].whole_document) == "yes: "
    monkeypatch.setattr(extents, "_MOST", 500)
    assert text(verify(data)[0].whole_document) == OVERLAP
    monkeypatch.setattr(gaps, "_MOST", ROOM)
    assert text(verify(data)[0].whole_document) == ELSEWHERE
