"""Threads of their own for documents, so that nothing of a document outlives it.

lxml keeps one dictionary for each thread, into which libxml2 puts the names of all elements and
attributes that it ever read there. Nothing is taken out again until the thread ends, and a
dictionary that is full refuses every document with new names. A thread of which no other document
has need takes its dictionary along; to start one takes less than 0.1 ms.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import local
from time import thread_time_ns
from typing import TypeVar

Result = TypeVar("Result")


class _Elsewhere(local):
    """CPU nanoseconds that were spent in other threads for this one."""

    nanoseconds = 0


_elsewhere = _Elsewhere()


def cpu_time_ns() -> int:
    """Return the CPU time of the calling thread, and of those that `in_own_thread` made for it."""
    return thread_time_ns() + _elsewhere.nanoseconds


def in_own_thread(work: Callable[[], Result]) -> Result:
    """Do something in a thread that exists only for it, and return or raise what that does.

    Where no thread can be started, the calling one does it.
    """
    spent: list[int] = []
    with ThreadPoolExecutor(1, "xml") as pool:
        try:
            outcome = pool.submit(_count, work, spent)
        except RuntimeError:
            return work()
        try:
            return outcome.result()
        finally:
            # The traceback of an exception refers to this frame, which must not refer to it.
            del outcome
            _elsewhere.nanoseconds += sum(spent)


def _count(work: Callable[[], Result], spent: list[int]) -> Result:
    try:
        return work()
    finally:
        spent.append(cpu_time_ns())
