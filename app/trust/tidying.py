"""How many files REVOCATION_CACHE holds: of each kind the newest."""

import os
import time
from pathlib import Path

from app.trust.files import UNFINISHED

RESPONSE = ".ocsp"
LIST = ".crl"
INDEX = ".idx"
#: A large CRL of TRUST_DIR, as it was.
COPY = ".copy"
LOCK = ".lock"
# Files of each kind; beyond these the oldest tenth goes. One that a process has mapped stays there
# for that process, without its name.
MAX_FILES = {RESPONSE: 4000, LIST: 40, INDEX: 16, COPY: 8}
# Seconds after which a file that was begun, and never finished, goes too.
_ABANDONED = 3600


def tidy(folder: Path, suffix: str) -> None:
    """Delete the oldest files of a kind if there are too many. Raises OSError."""
    with os.scandir(folder) as entries:
        paths = [Path(entry.path) for entry in entries]
    long_ago = time.time() - _ABANDONED
    for path in paths:
        is_left = path.name.startswith(UNFINISHED) or path.suffix == LOCK
        if is_left and _written(path) < long_ago:
            path.unlink(missing_ok=True)
    kept = [path for path in paths if path.suffix == suffix]
    limit = MAX_FILES[suffix]
    if len(kept) > limit:
        for path in sorted(kept, key=_written)[: len(kept) - limit + limit // 10]:
            path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # Another process tidies too.
        return time.time()
