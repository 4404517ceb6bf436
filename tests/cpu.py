"""Budgets of CPU time, of which a slow or busy machine gets more."""

import time

#: Seconds of CPU that the loop takes on the machine on which the budgets were measured, quiet.
QUIET = 0.0125


def _loop() -> float:
    """Return the seconds of CPU of a fixed piece of work, of the kind that parsing is."""
    began, sums = time.process_time(), [0] * 256
    for number in range(200_000):
        sums[number & 255] += number
    return time.process_time() - began


def allowed(seconds: float) -> float:
    """Return a budget for this machine at this moment, at least the seconds themselves.

    Cores that share their parts with busy neighbours take up to twice the CPU time for the same.
    """
    return seconds * max(1.0, min(_loop() for _ in range(5)) / QUIET)
