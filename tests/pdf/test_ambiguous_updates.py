"""Updates that qpdf reads as harmless, and viewers otherwise: none of them leaves a yes.

Viewers that take a table for damaged look for objects by themselves; others take the first or the
last of two entries, or stop at a size or a type that cannot be.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import replace

import pytest

from app.cms import Answer
from app.pdf.child.answering import answer
from app.pdf.limits import USUAL
from tests.pdf.judging import text, verify, verify_if_readable
from tests.pdf.writing import Draft, stream, update

AMBIGUOUS = "what was appended to the PDF after signing can be read in more than one way"
ADDED = "yes: after signing, only signatures, timestamps or validation data were added"
EVIL = stream(b"BT (EVIL999) Tj ET")


def signed() -> bytes:
    draft = Draft()
    draft.change({4: stream(b"BT (GOOD100) Tj ET")})
    draft.sign()
    return draft.data


SIGNED = signed()
LAST = int(re.findall(rb"startxref\s+(\d+)", SIGNED)[-1])
GOOD = SIGNED.rindex(b"4 0 obj\n")
CATALOG = SIGNED.rindex(b"\n1 0 obj\n") + 1
PAGE = SIGNED.rindex(b"\n3 0 obj\n") + 1
HERE = len(SIGNED)
TRAILER = b"trailer\n<< /Size 100 /Root 1 0 R /Prev %d >>\n" % LAST


def written(number: int, body: bytes, generation: int = 0) -> bytes:
    return b"%d %d obj\n%s\nendobj\n" % (number, generation, body)


def used(number: int, offset: int, generation: int = 0) -> bytes:
    return b"%d 1\n%010d %05d n \n" % (number, offset, generation)


def freed(number: int) -> bytes:
    return b"%d 1\n0000000000 00001 f \n" % number


def tabled(
    entries: bytes,
    objects: bytes = written(4, EVIL),
    trailer: bytes = TRAILER,
    begin: bytes = b"xref\n",
    end: bytes = b"startxref\n%d\n%%%%EOF\n",
) -> bytes:
    """Return the signed file with an update that has these parts."""
    return SIGNED + objects + begin + entries + trailer + end % (HERE + len(objects))


def streamed(rows: list[bytes], terms: bytes, more: bytes = b"", number: int = 95) -> bytes:
    """Return it with an update that has a cross-reference stream, whose own entry is the last."""
    begin = SIGNED + written(4, EVIL) + more
    data = b"".join([*rows, row(1, len(begin))])
    if b"/Filter" in terms:
        data = zlib.compress(data)
    known = b"/Size 100 /Root 1 0 R /Prev %d " % LAST
    body = stream(data, known + (b"" if b"/Type" in terms else b"/Type /XRef ") + terms)
    return begin + written(number, body) + b"startxref\n%d\n%%%%EOF\n" % len(begin)


def row(kind: int, place: int, rest: int = 0) -> bytes:
    return bytes([kind]) + place.to_bytes(4, "big") + rest.to_bytes(2, "big")


def another_catalog() -> bytes:
    """List the catalog twice: the one that was signed, and one with another page."""
    others = {
        1: b"<< /Type /Catalog /Pages 62 0 R >>",
        60: EVIL,
        62: b"<< /Type /Pages /Kids [63 0 R] /Count 1 >>",
        63: b"<< /Type /Page /Parent 62 0 R /MediaBox [0 0 99 99] /Contents 60 0 R >>",
    }
    objects, entries = b"", used(1, CATALOG)
    for number, body in others.items():
        entries += used(number, HERE + len(objects))
        objects += written(number, body)
    return tabled(entries, objects)


#: Another page was seen in pdfium or poppler, or another is thinkable.
SHOWN_OTHERWISE = {
    "twice, the old one first": tabled(used(4, GOOD) + used(4, HERE)),
    "twice, the new one first": tabled(used(4, HERE) + used(4, GOOD)),
    "twice by ranges": tabled(
        used(4, GOOD) + b"3 2\n%010d 00000 n \n%010d 00000 n \n" % (PAGE, HERE)
    ),
    "twice, an empty page": tabled(used(4, GOOD) + used(4, HERE), written(4, stream(b"BT ET"))),
    "twice, another catalog": another_catalog(),
    "entries of 19 bytes": tabled(b"4 1\n%010d 00000 n\n" % GOOD),
    "entries that end in CR": tabled(b"4 1\n%010d 00000 n\r" % GOOD),
    "a huge size": tabled(used(4, GOOD), trailer=TRAILER.replace(b"100", b"99999999")),
    "a stream that has one twice": streamed(
        [row(1, GOOD), row(1, HERE)], b"/Index [4 1 4 1 95 1] /W [1 4 2]"
    ),
    "a stream that uses and frees one": streamed(
        [row(1, GOOD), row(0, 0, 1)], b"/Index [4 1 4 1 95 1] /W [1 4 2]"
    ),
    "a type that is none": streamed([row(3, HERE)], b"/Index [4 1 95 1] /W [1 4 2]"),
    "a generation that is none": streamed([row(1, GOOD, 65535)], b"/Index [4 1 95 1] /W [1 4 2]"),
    "entries of 21 bytes": tabled(b"4 1\n%010d 00000 n  \n" % GOOD),
    "an offset of 9 digits": tabled(b"4 1\n%09d 00000 n  \n" % GOOD),
    "a generation of 4 digits": tabled(b"4 1\n%010d 0000 n  \n" % GOOD),
    "two blanks in an entry": tabled(b"4 1\n%010d  0000 n \n" % GOOD),
    "a letter that is none": tabled(b"70 1\n%010d 00000 x \n" % HERE),
    "a section on one line": tabled(b"4 1 %010d 00000 n \n" % HERE),
    "too many entries": tabled(b"4 2\n%010d 00000 n \n" % GOOD),
    "used and freed": tabled(used(4, GOOD) + freed(4)),
    "freed and used": tabled(freed(4) + used(4, GOOD)),
    "an object that is not listed": tabled(used(4, GOOD)),
    "an object that is listed by another number": tabled(used(70, HERE)),
    "an object of another generation": tabled(used(4, HERE), written(4, EVIL, 5)),
    "a new generation": tabled(used(4, HERE, 1), written(4, EVIL, 1)),
    "two generations": tabled(used(4, GOOD) + used(4, HERE, 1), written(4, EVIL, 1)),
    "a number beyond all": tabled(used(8388606, HERE), written(8388606, EVIL)),
    "a number that wraps around": tabled(used(4294967300, HERE)),
    "object 0 in use": tabled(used(0, HERE), written(0, EVIL)),
    "an entry at 0": tabled(used(70, 0), b""),
    "an entry beyond the end": tabled(used(70, 99999999), b""),
    "blanks before an object": tabled(used(70, HERE), b"  " + written(70, b"null")),
    "bytes between objects": tabled(used(70, HERE), written(70, b"null") + b"junk\n"),
    "a comment between objects": tabled(used(70, HERE), written(70, b"null") + b"%c\n"),
    "an object within another": tabled(used(70, HERE), written(70, b"(" + written(4, EVIL) + b")")),
    "a trailer within an object": tabled(used(70, HERE), written(70, b"(trailer)")),
    "objects that overlap": tabled(
        used(70, HERE) + used(71, HERE + 10), written(70, written(71, b"null"))
    ),
    "a size that is too small": tabled(
        used(70, HERE), written(70, b"null"), TRAILER.replace(b"100", b"5")
    ),
    "a size beyond the objects": tabled(b"0 0\n", b"", TRAILER.replace(b"100", b"101")),
    "a number far beyond": tabled(
        used(9000, HERE), written(9000, b"null"), TRAILER.replace(b"100", b"9001")
    ),
    "bytes before the end": tabled(b"0 0\n", b"", end=b"x\nstartxref\n%d\n%%%%EOF\n"),
    "a stream by another number": streamed([], b"/Index [96 1] /W [1 4 2]"),
    "a size of 0": tabled(b"", b"", TRAILER.replace(b"100", b"0")),
    "a negative size": tabled(b"", b"", TRAILER.replace(b"100", b"-1")),
    "a size that is a real": tabled(b"", b"", TRAILER.replace(b"100", b"100.0")),
    "no size": tabled(b"0 0\n", b"", TRAILER.replace(b"/Size 100", b"")),
    "another section before": tabled(
        b"0 0\n", b"", TRAILER.replace(b"%d" % LAST, b"%d" % SIGNED.index(b"xref\n"))
    ),
    "a key of the trailer twice": tabled(b"0 0\n", b"", TRAILER.replace(b"<<", b"<< /Size 100")),
    "a key twice by its escape": tabled(b"0 0\n", b"", TRAILER.replace(b"<<", b"<< /S#69ze 100")),
    "a signed number": tabled(b"0 0\n", b"", TRAILER.replace(b"/Prev ", b"/Prev +")),
    "a comment in the trailer": tabled(b"0 0\n", b"", TRAILER.replace(b"<<", b"%<<\n<<")),
    "a comment before the trailer": tabled(b"0 0\n%c\n", b""),
    "a stream beside a table of 0": tabled(b"0 0\n", b"", TRAILER.replace(b">>", b"/XRefStm 0 >>")),
    "another root": tabled(
        used(70, HERE),
        written(70, b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [10 0 R] >> >>"),
        TRAILER.replace(b"/Root 1", b"/Root 70"),
    ),
    "blanks before the table": tabled(b"0 0\n", b"", begin=b"\n\n  xref\n"),
    "no line after xref": tabled(b"0 0\n", b"", begin=b"xref "),
    "another end": tabled(b"0 0\n", b"", end=b"startxref\n%d %%%%EOF %%%%EOF\n"),
    "no type": streamed([], b"/Index [95 1] /W [1 4 2] /Type /Other"),
    "wide offsets": streamed([], b"/Index [95 1] /W [1 9 2]"),
    "four widths": streamed([], b"/Index [95 1] /W [1 4 1 1]"),
    "no widths": streamed([], b"/Index [95 1]"),
    "half an index": streamed([], b"/Index [95] /W [1 4 2]"),
    "rows beyond the index": streamed([row(1, GOOD)], b"/Index [95 1] /W [1 4 2]"),
    "fewer rows": streamed([], b"/Index [95 2] /W [1 4 2]"),
    "a filter of another kind": streamed([], b"/Index [95 1] /W [1 4 2] /Filter /ASCIIHexDecode"),
    "another predictor": streamed(
        [], b"/Index [95 1] /W [1 4 2] /Filter /FlateDecode /DecodeParms << /Predictor 2 >>"
    ),
    "an object stream that lacks": streamed(
        [row(2, 90, 0)], b"/Index [70 1 95 1] /W [1 4 2]", written(90, b"null")
    ),
}


#: What qpdf refuses, too.
DAMAGED = {
    *("a letter that is none", "too many entries", "a number that wraps around", "a size of 0"),
    *("a negative size", "a size that is a real", "no size", "a stream beside a table of 0"),
    *("blanks before the table", "no type", "wide offsets", "no widths", "half an index"),
    *("fewer rows", "a filter of another kind", "another section before"),
}


@pytest.mark.parametrize("name", SHOWN_OTHERWISE)
def test_an_update_that_viewers_read_otherwise_is_doubted(name: str) -> None:
    found = verify_if_readable(SHOWN_OTHERWISE[name])
    assert bool(found) is (name not in DAMAGED)
    for one in found:
        assert one.intact.answer is Answer.YES
        assert one.whole_document.answer is Answer.UNKNOWN, name
        assert AMBIGUOUS in text(one.whole_document) or "regular" in text(one.whole_document)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b"/Info 4 0 R", b"/Info 3 0 R"),
        (b"/ID [<00> <01>]", b"/ID [<02> <01>]"),
        (b"/Root 1 0 R", b"/Root 1 0 R /Encrypt null"),
    ],
)
def test_what_a_trailer_names_stays(first: bytes, second: bytes) -> None:
    data = SIGNED
    for more in (first, second):
        last = re.findall(rb"startxref\s+(\d+)", data)[-1]
        terms = b"/Size 100 /Prev %s %s" % (last, more)
        terms += b"" if b"/Root" in more else b" /Root 1 0 R"
        data += b"xref\n0 0\ntrailer\n<< %s >>\nstartxref\n%d\n%%%%EOF\n" % (terms, len(data))
        [one] = verify(data)
        assert (AMBIGUOUS in text(one.whole_document)) is (more == second)


#: Regular ones, though nobody writes some of them.
REGULAR = {
    "nothing": tabled(b"0 0\n", b""),
    "the first entry": tabled(b"0 1\n0000000000 65535 f \n", b""),
    "lines of CR LF": tabled(
        b"70 1\r\n%010d 00000 n\r\n" % HERE, written(70, b"null"), begin=b"xref\r\n"
    ),
    "two objects": tabled(
        b"70 2\n%010d 00000 n \n%010d 00000 n \n" % (HERE + len(written(71, b"7")) + 1, HERE),
        written(71, b"7") + b"\n" + written(70, b"[(a\\)(b)) <00> /N#41 -1.5 true << /A 4 0 R >>]"),
    ),
    "a comment of a program": tabled(
        b"0 0\n", b"", end=b"%%a program 5.5\nstartxref\n%d\n%%%%EOF\n"
    ),
    "a length elsewhere": tabled(
        used(70, HERE) + used(71, HERE + len(written(70, b"2"))),
        written(70, b"2") + written(71, b"<< /Length 70 0 R >>\nstream\nab\nendstream"),
    ),
}


@pytest.mark.parametrize("name", REGULAR)
def test_a_regular_update_is_as_before(name: str) -> None:
    [one] = verify(REGULAR[name])
    assert text(one.whole_document) == ADDED


PREDICTED = b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 7 >>"


def predicted(rows: list[bytes]) -> bytes:
    """Return rows as the PNG predictor Up has them."""
    before, out = bytes(len(rows[0])), b""
    for one in rows:
        out += b"\2" + bytes((new - old) % 256 for new, old in zip(one, before, strict=True))
        before = one
    return zlib.compress(out)


@pytest.mark.parametrize("kind", ["plain", "packed", "predicted", "unlisted"])
def test_a_regular_stream_is_as_before(kind: str) -> None:
    held = stream(b"71 0 72 5 null 9 ", b"/Type /ObjStm /N 2 /First 10")
    begin = SIGNED + written(70, held)
    rows = [row(1, HERE), row(2, 70, 0), row(2, 70, 1)]
    index = b"/Index [70 3]"
    if kind != "unlisted":
        rows.append(row(1, len(begin)))
        index = b"/Index [70 3 100 1]"
    data = predicted(rows) if kind == "predicted" else b"".join(rows)
    terms = PREDICTED if kind == "predicted" else b""
    if kind == "packed":
        data, terms = zlib.compress(data), b"/Filter [/FlateDecode]"
    begins = b"/Type /XRef /Size 101 /Root 1 0 R /W [1 4 2] /Prev %d %s " % (LAST, index)
    pdf = begin + written(100, stream(data, begins + terms))
    [one] = verify(pdf + b"startxref\n%d\n%%%%EOF\n" % len(begin))
    assert text(one.whole_document) == ADDED


#: Bodies of an object that is listed, and what makes each of them unclear.
BODIES = {
    "a key twice": b"<< /A 1 /A 2 >>",
    "a key that is none": b"<< 1 2 >>",
    "a key alone": b"<< /A >>",
    "brackets that cross": b"<< /A [ >> ]",
    "a bracket too many": b"]",
    "a text without an end": b"(a",
    "a word that is none": b"nil",
    "NUL as a blank": b"[1\x002]",
    "half a reference": b"[4 R]",
    "a stream that is shorter": b"<< /Length 1 >>\nstream\nabc\nendstream",
    "a stream that ends early": b"<< /Length 30 >>\nstream\nET\nendstream\nendobj\n" + b" " * 9,
    "a stream that ends late": b"<< /Length 99 >>\nstream\nab\nendstream",
    "a stream without a length": b"<< >>\nstream\nab\nendstream",
    "a length that is not there": b"<< /Length 80 0 R >>\nstream\nab\nendstream",
    "a length before": b"<< /Length 4 0 R >>\nstream\nab\nendstream",
    "a length that is a stream": b"<< /Length 70 0 R >>\nstream\nab\nendstream",
    "a stream of no dictionary": b"[]\nstream\nab\nendstream",
    "a stream elsewhere": b"<< /F (other) /Length 2 >>\nstream\nab\nendstream",
    "after CR alone": b"<< /Length 2 >>\nstream\rab\nendstream",
    "objects in an object that are not listed": stream(
        b"71 0 null", b"/Type /ObjStm /N 1 /First 5"
    ),
    "an object stream in two": stream(b"", b"/Type /ObjStm /N 0 /First 0 /Extends 4 0 R"),
    "an object stream of more": stream(b"71 0 null", b"/Type /ObjStm /N 2 /First 5"),
    "objects that stand apart": stream(b"71 2 x null", b"/Type /ObjStm /N 1 /First 5"),
    "bytes after an object": stream(b"71 0 null x", b"/Type /ObjStm /N 1 /First 5"),
    "an object stream that is damaged": stream(
        b"junk", b"/Type /ObjStm /N 1 /First 5 /Filter /FlateDecode"
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_an_object_that_can_be_read_otherwise_is_doubted(name: str) -> None:
    [one] = verify(tabled(used(70, HERE), written(70, BODIES[name])))
    assert AMBIGUOUS in text(one.whole_document)


def test_what_was_signed_is_doubted_as_well() -> None:
    said = "unknown: the signed bytes can be read in more than one way"
    for begin in (
        tabled(used(4, GOOD) + used(4, HERE)),
        tabled(b"4 1\n%010d 00000 n\n" % GOOD),
        tabled(used(4, GOOD), trailer=TRAILER.replace(b"100", b"99999999")),
        streamed([row(3, HERE)], b"/Index [4 1 95 1] /W [1 4 2]"),
    ):
        draft = Draft(data=begin, fields=[10])
        draft.sign()
        first, second = verify(draft.data)
        assert AMBIGUOUS in text(first.whole_document)
        assert text(second.whole_document).startswith(said), text(second.whole_document)
        later = verify(update(draft.data, {90: b"null"}))[1]
        assert text(later.whole_document).startswith(said)
        assert AMBIGUOUS not in text(later.whole_document)


def test_tables_in_a_circle_are_doubted() -> None:
    circle = tabled(b"0 0\n", b"", TRAILER.replace(b"/Prev %d" % LAST, b"/Prev %d" % HERE))
    assert all(one.whole.answer is not Answer.YES for one in verify_if_readable(circle))


OTHER = written(90, b"null")
STREAM = HERE + len(OTHER)


def beside(rows: list[bytes], index: bytes) -> bytes:
    """Return the signed file with a table that has a stream beside it."""
    terms = b"/Type /XRef /Size 100 /W [1 4 2] /Index [%s]" % index
    held = OTHER + written(95, stream(b"".join(rows), terms))
    return tabled(used(90, HERE), held, TRAILER.replace(b">>", b"/XRefStm %d >>" % STREAM))


@pytest.mark.parametrize(
    ("rows", "index", "said"),
    [
        ([row(1, STREAM)], b"95 1", "yes: "),
        ([row(1, HERE), row(1, STREAM)], b"90 1 95 1", "yes: "),
        ([row(1, PAGE), row(1, STREAM)], b"90 1 95 1", "unknown: the signed bytes"),
        ([row(3, PAGE), row(1, STREAM)], b"91 1 95 1", "unknown: the signed bytes"),
        ([row(1, PAGE), row(1, STREAM)], b"91 1 95 1", "unknown: the signed bytes"),
    ],
)
def test_a_stream_beside_a_table_is_regular_in_what_was_signed(
    rows: list[bytes], index: bytes, said: str
) -> None:
    draft = Draft(data=beside(rows, index), fields=[10])
    draft.sign()
    for first, second in filter(None, [verify_if_readable(draft.data)]):
        assert AMBIGUOUS in text(first.whole_document)
        assert text(second.whole_document).startswith(said), text(second.whole_document)


@pytest.mark.parametrize(
    ("data", "tokens"),
    [
        (tabled(used(70, HERE), written(70, b"[" + b"0 " * 5000 + b"]")), 5000),
        (tabled(b"70 5000\n" + b"0000000000 00000 f \n" * 5000, b""), 5000),
        (tabled(used(70, HERE), written(70, b"[" * 70 + b"]" * 70)), 5000),
        (streamed([bytes(7 * 5000)], b"/Index [70 5000 95 1] /W [1 4 2] /Filter /FlateDecode"), 99),
    ],
)
def test_what_is_read_has_limits(data: bytes, tokens: int) -> None:
    found, _ = answer("signatures", data, replace(USUAL, tokens=tokens))
    assert isinstance(found["signatures"], list)
    assert [one["changes"] for one in found["signatures"]] == [["complex"]]


def test_what_is_packed_has_a_limit() -> None:
    packed = zlib.compress(bytes(1_000_000))
    data = tabled(
        used(70, HERE),
        written(70, stream(packed, b"/Type /ObjStm /N 1 /First 5 /Filter /FlateDecode")),
    )
    found, _ = answer("signatures", data, replace(USUAL, inflated=100_000))
    assert isinstance(found["signatures"], list)
    assert [one["changes"] for one in found["signatures"]] == [["complex"]]
