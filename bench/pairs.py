"""What pairs of runs say about two servers, one after the other under the same load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, log, sqrt
from statistics import fmean, variance

#: Share of the pairs that is left out at each end: runs that something else disturbed.
TRIMMED = 0.2
# Standard errors on each side in which the true value lies in 95 of 100 cases, by 12 pairs or more.
_ERRORS = 2.2


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the first of each pair is above the second, and from where to where, percent."""

    percent: float
    lowest: float
    highest: float

    @property
    def noise(self) -> float:
        """How far the true value may be from `percent`."""
        return (self.highest - self.lowest) / 2


def compare(pairs: Sequence[tuple[float, float]]) -> Difference:
    """Return the trimmed mean of the ratios of pairs, with its interval of 95 %.

    The interval is that of Tukey and McLaughlin, by the winsorized variance, of logarithms, so that
    neither side of a ratio is preferred. Raises ValueError for fewer than five pairs.
    """
    if len(pairs) < 5:
        raise ValueError("five pairs at least")
    ratios = sorted(log(first / second) for first, second in pairs)
    cut = int(TRIMMED * len(ratios))
    inner = ratios[cut : len(ratios) - cut]
    winsorized = [inner[0]] * cut + inner + [inner[-1]] * cut
    error = sqrt(variance(winsorized) / len(ratios)) * len(ratios) / len(inner)
    middle = fmean(inner)
    return Difference(
        100 * expm1(middle),
        100 * (exp(middle - _ERRORS * error) - 1),
        100 * (exp(middle + _ERRORS * error) - 1),
    )
