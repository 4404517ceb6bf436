"""Whether the clock of this machine is right, as far as timestamp authorities have said.

What can't be undone, as that a certificate had ended before it was stamped, is not concluded from
a clock that no authority has confirmed: it may be a year ahead.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

#: Seconds for which an answer counts, and by which the clock may have been set since.
CONFIRMED: Final = 3600.0
SET: Final = 60.0


@dataclass(slots=True)
class ConfirmedClock:
    """Remembers the last answer of an authority whose time was that of this machine."""

    #: Of that answer, by `time.monotonic`, which cannot be set; and the time of day then.
    _at: float = field(default=float("-inf"))
    _time: float = 0.0

    def confirm(self) -> None:
        """Note that the clock is right now."""
        self._at, self._time = time.monotonic(), time.time()

    @property
    def is_confirmed(self) -> bool:
        """Whether the clock was right lately, and was not set since."""
        passed = time.monotonic() - self._at
        return passed < CONFIRMED and abs(time.time() - self._time - passed) < SET
