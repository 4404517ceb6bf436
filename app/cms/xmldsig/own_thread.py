"""A separate thread for each document, so that its memory is freed with it.

lxml keeps one dictionary for each thread, in which libxml2 stores the names of all elements and
attributes that it has read there. Nothing is removed until the thread ends, and once the dictionary
is full, every document with new names is refused. The dictionary of a separate thread is freed when
that thread ends; starting a thread takes less than 0.1 ms.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import local
from time import thread_time_ns
from typing import TypeVar

Result = TypeVar("Result")


class _Elsewhere(local):
    """CPU nanoseconds that other threads spent for this one."""

    nanoseconds = 0


_elsewhere = _Elsewhere()


def cpu_time_ns() -> int:
    """Return the CPU time of the calling thread and of those that it started by `in_own_thread`."""
    return thread_time_ns() + _elsewhere.nanoseconds


def in_own_thread(work: Callable[[], Result]) -> Result:
    """Call a function in a separate thread, and return its result or raise its exception.

    If no thread can be started, the calling thread does the work.
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
