"""The child that reads PDFs: its limits, what it is refused for, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from io import BytesIO
from itertools import accumulate
from subprocess import DEVNULL
from tempfile import TemporaryFile
from typing import Any

import pikepdf
import pytest

from app.pdf import asking, reading
from app.pdf.child.answering import answer
from app.pdf.child.structure import Structure
from app.pdf.errors import UnreadablePdf
from app.pdf.limits import USUAL, Limits
from app.pdf.reading import Attachments, read_attachments, read_signature_dictionaries
from tests import memory
from tests.cpu import allowed
from tests.pdf.writing import Draft, new, stream

MB = 1024 * 1024
PAGES = b"<< /Type /Pages /Kids [] /Count 0 >>"


def attached(files: bytes, others: dict[int, bytes] | None = None) -> bytes:
    """Return a PDF with this dictionary as /EmbeddedFiles."""
    catalog = b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles %s >> >>" % files
    return new({1: catalog, 2: PAGES, **(others or {})})


def specify(name: bytes = b"a.txt", held: bytes = b"/F 9 0 R") -> bytes:
    return b"<< /Type /Filespec /F (%s) /EF << %s >> >>" % (name, held)


def packed(data: bytes) -> bytes:
    return stream(zlib.compress(data), b"/Filter /FlateDecode")


ONE = attached(b"<< /Names [(0) %s] >>" % specify(), {9: stream(b"hello")})


def read(data: bytes, limits: Limits = USUAL) -> Attachments:
    """Read without a child, so that coverage is measured."""
    found, blobs = answer("attachments", data, limits)
    return reading._attachments(found, blobs)


def refusal(data: bytes, limits: Limits = USUAL) -> str:
    found, _ = answer("attachments", data, limits)
    return str(found["refused"])


def test_files_come_in_the_order_of_the_tree() -> None:
    first = b"<< /Kids [<< /Names [(0) %s] /Limits [(0) (0)] >>] /Limits [(0) (0)] >>"
    kids = b"<< /Kids [" + first + b" << /Names [(1) %s (2) %s] /Limits [(1) (2)] >>] >>"
    names = [specify(name) for name in (b"z.txt", b"b.cms", b"a.cms")]
    found = read_attachments(attached(kids % tuple(names), {9: packed(b"hello")}))
    assert [one.name for one in found.files] == ["z.txt", "b.cms", "a.cms"]
    assert {one.data for one in found.files} == {b"hello"}
    assert (found.pages, found.doubts) == (0, ())
    assert read(attached(kids % tuple(names), {9: packed(b"hello")})) == found


def test_what_programs_disagree_about_is_told() -> None:
    unordered = attached(b"<< /Names [(1) %s (0) %s] >>" % (specify(), specify()), {9: stream(b"")})
    assert read(unordered).doubts == ("order",)
    twice = attached(b"<< /Names [(1) %s (1) %s] >>" % (specify(), specify()), {9: stream(b"")})
    assert read(twice).doubts == ("order",)
    both = specify(held=b"/F 9 0 R /UF 8 0 R")
    two = attached(b"<< /Names [(1) %s] >>" % both, {8: stream(b"b"), 9: stream(b"a")})
    assert read(two).doubts == ("two contents",)
    same = attached(b"<< /Names [(1) %s] >>" % both, {8: stream(b"a"), 9: packed(b"a")})
    assert read(same).doubts == ()


LEAVES = b"/Names [(1) %s (2) %s]" % (specify(), specify())


@pytest.mark.parametrize(
    ("tree", "doubts"),
    [
        (b"<< %s >>" % LEAVES, ()),
        (b"<< %s /Limits [(1) (2)] >>" % LEAVES, ()),
        (b"<< %s /Limits [(1) (1)] >>" % LEAVES, ("tree",)),
        (b"<< /Kids [<< %s /Limits [(1) (2)] >>] >>" % LEAVES, ()),
        (b"<< /Kids [<< %s >>] >>" % LEAVES, ("tree",)),
        (b"<< /Kids [<< %s /Limits [(1) (3)] >>] >>" % LEAVES, ("tree",)),
        (b"<< /Kids [<< %s /Limits [1 2] >>] >>" % LEAVES, ("tree",)),
        (b"<< /Kids [<< /Names [] /Limits [(1) (2)] >>] >>", ("tree",)),
        (b"<< %s /Kids [] >>" % LEAVES, ("tree",)),
        (b"<< /Names [(1) %s (2)] >>" % specify(), ("tree",)),
        (b"<< >>", ("tree",)),
        (b"<< /Names [(1) %s <FEFF0031> %s] >>" % (specify(), specify()), ("order",)),
        (b"<< /Names [(1) %s (1) %s] >>" % (specify(), specify()), ("order",)),
    ],
)
def test_a_tree_in_which_programs_may_not_find_the_same_is_doubted(
    tree: bytes, doubts: tuple[str, ...]
) -> None:
    assert read(attached(tree, {9: stream(b"hello")})).doubts == doubts


def test_a_pdf_without_files_has_none() -> None:
    assert read(Draft().data).files == ()
    assert read(attached(b"null")).files == ()
    unnamed = attached(b"<< /Names [(0) << /EF << /F 9 0 R >> >>] >>", {9: stream(b"x")})
    assert [one.name for one in read(unnamed).files] == [""]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (b"<< /Names [(0) << >>] >>", "damaged"),
        (b"<< /Names [(0) 7] >>", "damaged"),
        (b"<< /Names [7 %s] >>" % specify(), "damaged"),
        (b"<< /Kids [7] >>", "damaged"),
        (b"5 0 R", "complex"),
        (b"<< /Kids %s >>" % (b"[<< /Kids " * 40 + b"[]" + b" >>]" * 40), "complex"),
        (b"<< /Names [%s] >>" % (b"(0) %s " % specify() * 66), "attachments"),
        (b"<< /Names [%s] >>" % (b"(0) 1 " * 200), "complex"),
        (b"<< /Names [(0) %s] >>" % specify(held=b"/F 8 0 R"), "damaged"),
    ],
)
def test_hostile_trees_are_refused(files: bytes, code: str) -> None:
    others = {5: b"<< /Kids [5 0 R] >>", 8: stream(b"junk", b"/Filter /FlateDecode")}
    assert refusal(attached(files, {9: stream(b""), **others})) == code


def test_what_is_unpacked_has_a_limit() -> None:
    bomb = attached(b"<< /Names [(0) %s] >>" % specify(), {9: packed(bytes(3 * MB))})
    assert refusal(bomb, replace(USUAL, inflated=2 * MB)) == "inflated"
    filtered = stream(b"00" * 3000, b"/Filter /ASCIIHexDecode")
    other = attached(b"<< /Names [(0) %s] >>" % specify(), {9: filtered})
    assert refusal(other, replace(USUAL, inflated=2999)) == "inflated"
    # Several of one stream count each.
    many = b"(0) %s (1) %s" % (specify(), specify())
    twice = attached(b"<< /Names [%s] >>" % many, {9: packed(bytes(MB))})
    assert refusal(twice, replace(USUAL, inflated=MB + 1)) == "inflated"
    with pytest.raises(UnreadablePdf, match="larger than 2097152 bytes"):
        read_attachments(bomb, replace(USUAL, inflated=2 * MB))


def test_pages_encryption_and_damage_are_refused() -> None:
    two = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 3: b"<< /Type /Page /Parent 2 0 R >>"}
    pages = new({**two, 2: b"<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>"})
    assert refusal(pages, replace(USUAL, pages=1)) in ("pages", "damaged")
    assert refusal(ONE.replace(b"%%EOF", b"")[:-40]) == "damaged"
    for password in ("", "secret"):
        with pikepdf.open(BytesIO(ONE)) as pdf, BytesIO() as file:
            pdf.save(file, encryption=pikepdf.Encryption(owner="x", user=password))
            assert refusal(file.getvalue()) == "encrypted"


@pytest.mark.slow
def test_what_takes_too_much_memory_ends_the_child_and_nothing_else() -> None:
    twice = zlib.compress(zlib.compress(bytes(160 * MB)))
    filters = stream(twice, b"/Filter [/FlateDecode /FlateDecode]")
    bomb = attached(b"<< /Names [(0) %s] >>" % specify(), {9: filters})
    for data, limits in (
        (bomb, USUAL),
        (ONE, replace(USUAL, memory=16 * MB)),
    ):
        with pytest.raises(UnreadablePdf):
            read_attachments(data, limits)
    assert [one.data for one in read_attachments(ONE).files] == [b"hello"]


def test_a_child_opens_nothing_once_it_reads() -> None:
    attempts = ("open('/dev/null')", "socket.socket()", "os.pipe()")
    program = "import os, socket; from app.pdf.child.__main__ import _close_doors; _close_doors()\n"
    for attempt in attempts:
        program += f"try: {attempt}; print('open')\nexcept OSError: print('closed')\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"closed"] * len(attempts)


def test_a_child_gets_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []
    start = subprocess.Popen

    def noting(command: list[str], **options: Any) -> object:
        given.append(options["env"])
        return start(command, **options)

    monkeypatch.setenv("DATABASE_URL", "secret")
    monkeypatch.setattr(subprocess, "Popen", noting)
    read_attachments(ONE)
    assert [set(one) for one in given] == [{"PYTHONDONTWRITEBYTECODE", "LC_ALL"}]


@pytest.mark.slow
def test_a_child_ends_itself() -> None:
    command = [sys.executable, "-m", "app.pdf.child", "attachments", json.dumps({"wall": 1}), "9"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:
        assert child.wait(20) == -signal.SIGALRM


def test_a_file_has_a_limit_of_its_own() -> None:
    with pytest.raises(UnreadablePdf, match="larger than 10 bytes"):
        read_attachments(ONE, replace(USUAL, size=10))


def test_threads_have_children_of_their_own() -> None:
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(read_attachments, [ONE] * 2))
    assert [one.files[0].data for one in found] == [b"hello"] * 2


def replace_child(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Have another program answer in place of the child."""
    start = subprocess.Popen

    def other(_command: object, **options: object) -> object:
        return start([sys.executable, "-c", program], **options)  # type: ignore[call-overload]  # as given

    monkeypatch.setattr(subprocess, "Popen", other)


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"no JSON\n",
        b"[]\n",
        b'{"blobs": [5]}\nhell',
        b'{"blobs": [5]}\nhello!',
        b'{"blobs": [4], "names": ["x"], "others": [[]], "pages": 1, "doubts": []}\nx',
        b'{"blobs": [-1, 6]}\nhello',
        b'{"blobs": ["x"]}\n',
        b'{"blobs": []}\n',
        b'{"blobs": [], "names": "x", "pages": 1, "doubts": []}\n',
        b'{"blobs": [], "names": [1], "pages": 1, "doubts": []}\n',
        b'{"blobs": [], "names": ["x"], "pages": 1, "doubts": []}\n',
        b'{"blobs": [], "signatures": [{}]}\n',
    ],
)
def test_an_answer_of_the_child_is_checked(given: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_child(monkeypatch, f"import sys; sys.stdout.buffer.write({given!r})")
    for read_it in (read_attachments, read_signature_dictionaries):
        with pytest.raises(UnreadablePdf):
            read_it(ONE)


PROGRAMS = {
    "endless": "import sys\nwhile True: sys.stdout.write('x' * 65536)",
    "silent": "import time; time.sleep(60)",
    "closing": "import os, time; os.close(1); time.sleep(60)",
    "failing": "raise SystemExit(3)",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_child_that_goes_astray_is_ended(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_GRACE", 0.3)
    replace_child(monkeypatch, PROGRAMS[name])
    with pytest.raises(UnreadablePdf, match="too much time or memory"):
        read_attachments(ONE, replace(USUAL, wall=0, inflated=MB))


def test_the_child_answers_on_its_own_terms() -> None:
    limits = json.dumps({"pages": 5})
    command = [sys.executable, "-m", "app.pdf.child", "attachments", limits, str(len(ONE))]
    done = subprocess.run(command, input=ONE, capture_output=True, check=True)
    head, rest = done.stdout.split(b"\n", 1)
    assert json.loads(head)["names"] == ["a.txt"]
    assert rest == b"hello"


@pytest.mark.attacks
def test_what_a_child_answers_is_held_once() -> None:
    packed_files = {number: packed(bytes(15 * MB)) for number in (9, 10, 11, 12)}
    listed = b" ".join(
        b"(%d) %s" % (number, specify(b"%d" % number, b"/F %d 0 R" % number))
        for number in (9, 10, 11, 12)
    )
    data = attached(b"<< /Names [%s] >>" % listed, packed_files)
    tracemalloc.start()
    try:
        assert len(read_attachments(data).files) == 4
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 68 * MB


@pytest.mark.attacks
@pytest.mark.parametrize("kind", ["arrays", "attachment"])
def test_a_child_stays_within_the_memory_of_a_request(kind: str) -> None:
    if kind == "arrays":
        # One object, which qpdf takes apart as a whole: 636 MB before.
        data = attached(b"<< /Names [(1) 9 0 R] >>", {9: b"[" + b"[]" * 14_000_000 + b"]"})
    else:
        listed = b"<< /Names [(1) %s] >>" % specify(b"1", b"/F 9 0 R")
        data = attached(listed, {9: packed(bytes(64 * MB))})
    command = [sys.executable, "-m", "app.pdf.child", "attachments"]
    limits, most = json.dumps(asdict(USUAL)), 0.0
    with TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        whole = [*command, limits, str(len(data))]
        with subprocess.Popen(whole, stdin=file, stdout=DEVNULL) as child:
            while child.poll() is None:
                with suppress(OSError, IndexError):  # It has ended.
                    most = max(most, memory.peak(child.pid))
                time.sleep(0.002)
    assert 50 < most < 200


@pytest.mark.attacks
def test_signatures_don_t_share_what_they_contain() -> None:
    shared = b"(%s)" % (b"A" * 50_000)
    fields = {
        number: b"<< /FT /Sig /T (%d) /V << /Type /Sig /ByteRange [0 1 2 3] /Contents 3 0 R >> >>"
        % number
        for number in range(10, 30)
    }
    listed = b" ".join(b"%d 0 R" % number for number in fields)
    catalog = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%s] >> >>" % listed
    data = new({1: catalog, 2: b"<< /Type /Pages /Kids [] /Count 0 >>", 3: shared, **fields})
    with pytest.raises(UnreadablePdf, match="larger than"):
        read_signature_dictionaries(data)


def long_history(sections: int, each: int) -> bytes:
    """Return a PDF that was updated many times, each time by some new objects."""
    data = new({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: PAGES})
    written, place = [data], len(data)
    previous, number = int(data.split()[-2]), 100
    for _ in range(sections):
        objects = [b"%d 0 obj\n0\nendobj\n" % (number + one) for one in range(each)]
        offsets = list(accumulate(map(len, objects), initial=place))
        table = b"".join(b"%010d 00000 n \n" % one for one in offsets[:-1])
        trailer = b"<< /Size %d /Root 1 0 R /Prev %d >>" % (number + each, previous)
        section = b"xref\n%d %d\n%btrailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (
            number, each, table, trailer, offsets[-1],
        )  # fmt: skip
        written += [*objects, section]
        previous, number = offsets[-1], number + each
        place = previous + len(section)
    return b"".join(written)


@pytest.mark.attacks
def test_a_long_history_is_walked_once() -> None:
    data = long_history(150, 300)
    structure = Structure(data, USUAL)
    assert structure.is_clear_until(len(data))
    began = time.process_time()
    structure.is_clear()
    assert time.process_time() - began < allowed(1.0)
