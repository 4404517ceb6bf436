"""Objects and tables that no section lists, which are seen in some programs alone.

They rebuild the table, or begin at the front of a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from time import process_time
from zlib import adler32

import pytest

from app.pdf.child.answering import answer
from app.pdf.child.chain import Chain
from app.pdf.child.strays import Strays, find_objects
from app.pdf.child.structure import Structure
from app.pdf.child.tokens import Reader
from app.pdf.limits import USUAL
from tests.cpu import allowed
from tests.pdf.judging import text, verify
from tests.pdf.test_gaps import DRAWN, SIGNATURE, signed
from tests.pdf.writing import ROOM, fill, new, stream, update

AMBIGUOUS = (
    "unknown: the signed bytes can be read in more than one way: programs may show other pages"
)
EVIL = b"4 0 obj\n%s\nendobj\n" % stream(b"BT (I owe 7777777) Tj ET")
CARD = {
    1: b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(a) 21 0 R] >> >> >>",
    2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R >>",
    4: stream(b"BT ET"),
    21: b"<< /Type /Filespec /F (a.txt) /UF (a.txt) /EF << /F 22 0 R >> >>",
    22: stream(b"contract", b"/Type /EmbeddedFile"),
}


def doubts_of(objects: Mapping[int, bytes]) -> object:
    found, _ = answer("attachments", new({**CARD, **objects}), USUAL)
    return found["doubts"]


@pytest.mark.parametrize(
    "written",
    [
        b"4 0 obj",
        b"4\n0\r\nobj<<",
        b"4\x000\x00obj",
        b"4\v0\fobj",
        b"4\xa00\xffobj",
        b"4 0obj",
        b"4 %c\n0 %c\robj",
        b"+4 +0 obj",
        b"4 0 object",
        b"\n4 %" + b"c" * 900 + b"\n0 obj",
        b"\n4 0 %" + b"c" * 900 + b"\r\n\x00obj",
    ],
)
def test_all_that_programs_take_for_objects_is_found(written: bytes) -> None:
    assert list(find_objects(b"(x " + written + b")"))
    page = stream(b"BT ET %\n" + written)
    assert text(verify(signed(objects={4: page}))[0].whole_document) == AMBIGUOUS


@pytest.mark.parametrize(
    "body",
    [
        b"(4 0 obj)",
        b"% 4 0 obj\n[]",
        b"(trailer<</Root 3 0 R>>)",
        b"(trailer %c\n<<)",
        b"(/XRef)",
        b"/X#52ef",
        stream(b"", b"/Type /XRef /Size 9 /Root 3 0 R /W [1 4 2]"),
    ],
)
def test_what_looks_like_a_part_of_the_file_is_doubted_wherever_it_stands(body: bytes) -> None:
    assert text(verify(signed(objects={**DRAWN, 5: body}))[0].whole_document) == AMBIGUOUS
    assert doubts_of({5: body}) == ["structure"]


@pytest.mark.attacks
def test_a_second_object_of_a_number_is_doubted_once_for_all() -> None:
    """Else an update with a reference to nothing has other programs show it."""
    objects = {**DRAWN, 5: EVIL[8:-8]}
    pdf = resigned(signed(objects=objects).replace(b"\n5 0 obj", b"\n4 0 obj"))
    assert text(verify(pdf)[0].whole_document).startswith(AMBIGUOUS)
    for one in verify(update(pdf, {90: b"<< /A 99 0 R >>"})):
        assert AMBIGUOUS in text(one.whole_document)


@pytest.mark.attacks
@pytest.mark.parametrize("place", [9, 99_999_999])
def test_an_entry_that_leads_elsewhere_is_doubted(place: int) -> None:
    pdf = signed(objects=DRAWN)
    at = pdf.rindex(b"trailer")
    pdf = pdf[:at] + b"70 1\n%010d 00000 n \n" % place + pdf[at:]
    assert text(verify(resigned(pdf))[0].whole_document).startswith(AMBIGUOUS)


def resigned(pdf: bytes) -> bytes:
    """Return a signed file that was changed, with a signature of what it is now."""
    pdf = re.sub(rb"/ByteRange \[[^]]*\]", b"/ByteRange [0 " + b"*" * 30 + b"]", pdf)
    return fill(re.sub(rb"/Contents <[0-9a-f]{999,}>", b"/Contents <" + b"0" * ROOM + b">", pdf))


def linearized(size: int, behind: bytes = b"") -> bytes:
    """Return a signed file that says that it is linearized, and so long; what stands behind that.

    The first object is that dictionary.
    """
    begin = b"5 0 obj\n<< /Line#61rized 1 /L %010d >>\nendobj\n" % size + behind
    pdf = signed(objects=DRAWN)
    at = pdf.index(b"1 0 obj")
    moved = len(begin)
    head, tail = pdf[:at], pdf[at:]
    table = tail.rindex(b"xref\n0 1")
    entries = re.sub(
        rb"([0-9]{10}) 00000 n", lambda one: b"%010d 00000 n" % (int(one[1]) + moved), tail[table:]
    )
    entries = entries.replace(b"trailer", b"5 1\n%010d 00000 n \ntrailer" % at, 1)
    start = len(head) + moved + table
    entries = re.sub(rb"startxref\n[0-9]+", b"startxref\n%d" % start, entries)
    return resigned(head + begin + tail[:table] + entries)


TABLE = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 9 /Root 3 0 R >>\nstartxref\n0\n%%EOF\n"


@pytest.mark.attacks
def test_a_linearized_file_begins_with_its_newest_section() -> None:
    assert text(verify(linearized(999))[0].whole_document).startswith("unknown: the signed bytes")
    size = len(linearized(0))
    assert text(verify(linearized(size))[0].whole_document) == AMBIGUOUS
    for length in (0, len(linearized(0, TABLE))):
        assert text(verify(linearized(length, TABLE))[0].whole_document) == AMBIGUOUS


@pytest.mark.attacks
def test_a_card_that_is_taken_for_linearized_is_doubted() -> None:
    rows = stream(b"", b"/Type /XRef /Size 23 /Root 1 0 R /W [1 4 2] /Index []")
    first = {9: b"<< /Linearized 1 /L %010d >>" % 0, 12: rows}
    found, _ = answer("attachments", new({**first, **CARD}), USUAL)
    assert found["doubts"] == ["structure"]
    found, _ = answer("attachments", new({9: b"<< >>", 12: rows, **CARD}), USUAL)
    assert found["doubts"] == []


def stored(written: bytes) -> bytes:
    """Return a stream that is packed, though its bytes stand there as they are."""
    packed = b"x\x01\x01" + len(written).to_bytes(2, "little")
    return (
        packed
        + (65535 - len(written)).to_bytes(2, "little")
        + written
        + adler32(written).to_bytes(4, "big")
    )


@pytest.mark.parametrize(
    ("catalog", "doubts"),
    [(b"", []), (b"/Group 99 0 R", ["structure"]), (b"/Group 21 1 R", ["structure"])],
)
def test_an_attached_pdf_is_no_matter_as_long_as_nothing_is_searched_for(
    catalog: bytes, doubts: list[str]
) -> None:
    held = stream(stored(EVIL), b"/Type /EmbeddedFile /Filter /FlateDecode")
    page = CARD[3].replace(b"/Type /Page", b"/Type /Page " + catalog)
    assert doubts_of({22: held, 3: page}) == doubts
    assert doubts_of({22: stream(EVIL, b"/Type /EmbeddedFile")}) == ["structure"]


def test_a_number_that_may_be_cut_off_is_doubted() -> None:
    """Programs that read lines of 255 bytes may see an object 1 in object 11."""
    for blanks, said in ((1, "yes: "), (300, AMBIGUOUS)):
        value = SIGNATURE.rstrip(b"\n") + b" " * blanks + b"12 0 obj\n[]\nendobj\n"
        assert text(verify(signed(signature=value, objects=DRAWN))[0].whole_document) == said


@pytest.mark.attacks
@pytest.mark.parametrize("written", [b"%c\nobj", b"0 %c\n%d\nobj", b"%%%\r\n\r\n+0.\xa0obj"])
def test_a_run_of_comments_is_doubted_however_long(written: bytes) -> None:
    page = stream(b"BT ET\n4 %c\n" + b"%1 %1\n" * 99 + written)
    assert text(verify(signed(objects={4: page}))[0].whole_document) == AMBIGUOUS


@pytest.mark.attacks
def test_a_comment_that_begins_in_a_packed_stream_hides_nothing_behind_it() -> None:
    """What is looked for behind a comment may begin before another comment ends."""
    held = stream(stored(b"\n%c\n0 obj"), b"/Type /EmbeddedFile /Filter /FlateDecode")
    assert doubts_of({22: held}) == []
    held += b" endobj 4 0 %c\nobj\n" + stream(b"BT (I owe 7777777) Tj ET")
    assert doubts_of({22: held}) == ["structure"]


@pytest.mark.attacks
@pytest.mark.parametrize(
    "line",
    [
        b"%1 %1 %1 %1 %1\n",
        b"1%1%1%1%1\n",
        b"%trailer\n",
        b"trailer%\n",
        b"%trailer%trailer\n",
        b"\n\n%\n",
        b"1 + ",
        b"/XRef ",
    ],
)
def test_comments_are_read_once(line: bytes) -> None:
    pdf = signed(objects={**DRAWN, 5: stream(line * (2_000_000 // len(line)))})
    begin = process_time()
    found = Structure(pdf, USUAL)
    assert found.is_known()
    found.is_clear_until(len(pdf))
    found.is_clear()
    assert process_time() - begin < allowed(2.0)


@pytest.mark.attacks
@pytest.mark.parametrize("piece", [b"endobj%", b"%endobj\n", b"\nendobj\n%", b"endobj "])
def test_ends_of_the_first_object_are_looked_behind_once(piece: bytes) -> None:
    pdf = linearized(0, piece * (2_000_000 // len(piece)) + b"\n" + TABLE)
    begin = process_time()
    found = Structure(pdf, USUAL)
    for end in range(len(pdf) - 32, len(pdf)):
        found.is_clear_until(end)
    assert process_time() - begin < allowed(2.0)


@pytest.mark.attacks
def test_a_copy_of_a_section_is_read_once() -> None:
    """However often its keyword stands in it: here, in an array of as many tokens as are read."""
    rows = b"/Index [] /Size 9 /Root 1 0 R /W [1 4 2] /A [%s]" % (b"/XRef " * 90_000)
    pdf = signed(objects={**DRAWN, 5: stream(b"", b"/Type /XRef " + rows)})
    begin = process_time()
    assert Structure(pdf, USUAL).is_clear_until(len(pdf))
    assert process_time() - begin < allowed(2.0)


def test_too_many_strays_are_not_held() -> None:
    pdf = signed(objects={**DRAWN, 5: stream(b"1 0 obj " * 250_000)})
    assert not Structure(pdf, USUAL).is_clear_until(1)


@pytest.mark.attacks
@pytest.mark.parametrize("written", [b"%d", b"0000000000000000000000%d", b"+%d", b"+00%d."])
def test_the_length_of_a_linearized_file_is_found_however_written(written: bytes) -> None:
    strays = Strays(written % 1234 + b" 1", Chain((), None), Reader(0, 0))
    assert [strays.says(one) for one in (1234, 1, 234, 123)] == [True, True, False, False]
