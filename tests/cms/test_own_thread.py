"""Nothing of a document outlives it: not its names, and not the time that it took."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from lxml import etree

from app.cms import parsing
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig import own_thread, verification
from app.cms.xmldsig.own_thread import TooMuchWork, cpu_time_ns, in_own_thread
from app.cms.xmldsig.parsing import SignedXml
from tests import pki
from tests.cms.judging import AT
from tests.cpu import allowed

PROJECT = Path(__file__).parents[2]
#: Documents of distinct names are read, and verified if they can be; then usual ones. Prints by
#: how many MB the process grew after the first of them.
PROGRAM = """
import ctypes, gc, sys
from pathlib import Path
from app.cms.errors import MalformedSignature
from app.cms.parsing import parse
from app.cms.xmldsig.verification import check_xml
from app.server.memory import give_back_what_is_large
from tests import pki

give_back_what_is_large()

length, count, documents, end = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

def resident():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # As a server does.
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

template = pki.sign_xml("<a>@@</a>")
for number in range(documents):
    names = "".join(f"<{'n' * length}{number:03}x{place:05}/>" for place in range(count))
    try:
        check_xml(parse(template.replace("@@", names + end)))
    except MalformedSignature:
        pass
    if number == 1:
        first = resident()
for number in range(20):
    [found] = check_xml(parse(pki.sign_xml(f"<b><honest{number}/></b>")))
    assert str(found.intact.answer) == "yes", found
print(resident() - first)
"""


@pytest.mark.attacks
@pytest.mark.parametrize(
    ("length", "count", "documents", "end"),
    [
        pytest.param(1, 49_000, 30, "", id="short"),
        pytest.param(980, 15_000, 10, "", id="long"),
        pytest.param(40_000, 570, 12, "", id="too long"),
        pytest.param(40_000, 570, 12, "</z>", id="malformed"),
    ],
)
def test_names_are_forgotten_with_their_document(
    length: int, count: int, documents: int, end: str
) -> None:
    arguments = [str(length), str(count), str(documents), end]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert float(done.stdout) < 50


def test_it_returns_what_another_thread_returned() -> None:
    assert in_own_thread(threading.current_thread) is not threading.current_thread()


@pytest.mark.slow
def test_it_raises_what_was_raised_and_keeps_nothing_of_it() -> None:
    def fail() -> None:
        raise LookupError("what")

    gc.collect()
    gc.disable()
    try:
        with pytest.raises(LookupError, match="what"):
            in_own_thread(fail)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert [one for one in gc.garbage if isinstance(one, FrameType)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def compute(seconds: float) -> None:
    """Compute for a while."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_what_it_computes_counts_for_the_caller() -> None:
    before, own = cpu_time_ns(), time.thread_time_ns()
    in_own_thread(lambda: in_own_thread(lambda: compute(0.05)))
    assert cpu_time_ns() - before > 50_000_000
    assert time.thread_time_ns() - own < 40_000_000


def test_where_no_thread_can_be_started_the_caller_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert in_own_thread(threading.current_thread) is threading.current_thread()


#: It takes some 50 ms to read, and more to verify.
LARGE = pki.sign_xml(f"<a>{'<b/>' * 30_000}</a>")


def loop() -> None:
    """Compute for ever."""
    while True:
        pass


def loop_again() -> None:
    """Compute for ever, once more when it is interrupted."""
    try:
        loop()
    finally:
        loop()


def loop_in_calls() -> None:
    """Compute for ever, in short calls of C code, and catch what such code raises."""
    while True:
        try:
            sorted(range(1000), key=int)
            int("x")
        except (LookupError, ValueError):
            continue


@pytest.mark.attacks
@pytest.mark.parametrize("work", [loop, loop_again, loop_in_calls])
def test_no_work_takes_longer_than_it_may(work: Callable[[], None]) -> None:
    before = time.process_time()
    with pytest.raises(TooMuchWork):
        in_own_thread(work, 0.1)
    assert time.process_time() - before < allowed(1.5)
    assert cpu_time_ns() > 0
    assert [one for one in threading.enumerate() if one.name.startswith("xml")] == []


@pytest.mark.slow
def test_calls_are_traced_as_before_after_an_interruption() -> None:
    """CPython 3.11 hangs where calls are traced while an interruption waits for no thread."""
    program = (
        "import sys, time\n"
        "from app.cms.xmldsig.own_thread import TooMuchWork, in_own_thread\n"
        "def loop():\n    while True: pass\n"
        "for work in (time.time, loop, time.time):\n"
        "    try: in_own_thread(work, 0.05)\n"
        "    except TooMuchWork: pass\n"
        "sys.setprofile(lambda *_: None)\n"
        "sys.settrace(lambda *_: None)\n"
        "(lambda: None)()\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=True, timeout=30)


def module(name: str, code: str) -> dict[str, Any]:
    """Return the functions of a module of that name."""
    made: dict[str, Any] = {"__name__": name}
    exec(code, made)  # noqa: S102 - written here
    return made


HOLD = """
def hold(lock, clock):
    lock.acquire()
    end = clock() + 0.1
    while clock() < end: pass
    lock.release()
"""
USE = """
def use(hold):
    hold()
    while True: pass
"""


def test_code_of_others_is_not_interrupted_while_it_may_hold_a_lock() -> None:
    lock = threading.Lock()
    hold = partial(module("others", HOLD)["hold"], lock, time.thread_time)
    before = cpu_time_ns()
    with pytest.raises(TooMuchWork):
        in_own_thread(partial(module("app.example", USE)["use"], hold), 0.02)
    assert lock.acquire(blocking=False)
    assert cpu_time_ns() - before < 220_000_000


def test_code_of_others_is_interrupted_in_the_end() -> None:
    loop_elsewhere = module("others", "def loop():\n    while True: pass\n")["loop"]
    before = time.process_time()
    with pytest.raises(TooMuchWork):
        in_own_thread(partial(loop_elsewhere), 0.02)
    assert time.process_time() - before < allowed(1.5)


class Stopped(BaseException):
    """What stops a process while it waits."""


def test_work_is_given_up_when_the_wait_is_interrupted() -> None:
    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(Stopped):
            in_own_thread(loop, 20)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [one for one in threading.enumerate() if one.name.startswith("xml")] == []


def test_what_takes_long_and_computes_little_is_waited_for() -> None:
    assert in_own_thread(lambda: threading.Event().wait(0.3), 0.1) is False


def test_work_that_raises_a_timeout_is_not_waited_for_again() -> None:
    def fail() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        in_own_thread(fail)


@pytest.mark.slow
def test_work_that_ends_at_its_limit_is_done_or_refused() -> None:
    for number in range(60):
        try:
            assert in_own_thread(lambda: compute(0.01), 0.009 + number / 20_000) is None
        except TooMuchWork:
            continue


@pytest.mark.attacks
def test_a_document_that_takes_too_long_to_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_thread, "MAX_SECONDS", 0.005)
    with pytest.raises(MalformedSignature, match="cms: XML takes too much time to read"):
        parse(LARGE)


@pytest.mark.attacks
def test_what_took_long_to_read_is_not_read_in_another_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Blanks in base64 may be signs that a form decoder took away, or mere separators."""
    encoded = b64encode(pki.sign_xml().encode()).decode()
    text = f"{encoded[:400]} {encoded[400:]}"
    assert isinstance(parse(text), SignedXml)
    monkeypatch.setattr(parsing, "_TRYING", 0)
    with pytest.raises(MalformedSignature):
        parse(text)


@pytest.mark.attacks
def test_a_document_that_takes_too_long_to_verify_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signature = parse(LARGE)
    monkeypatch.setattr(own_thread, "MAX_SECONDS", 0.005)
    [status] = Verifier().verify(signature, at=AT)
    assert (status.intact.answer, status.valid.answer) == (Answer.UNKNOWN, Answer.UNKNOWN)
    assert str(status.intact.reasons[0]) == "the document costs too much to check"


@pytest.mark.slow
def test_a_document_is_freed_when_it_was_read_and_verified() -> None:
    text = pki.sign_xml()
    gc.collect()
    gc.disable()
    try:
        signed = parse(text)
        assert isinstance(signed, SignedXml)
        verification.check_xml(signed)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        assert [one for one in gc.garbage if isinstance(one, etree._Element)] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
