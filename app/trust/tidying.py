"""Limits the number of files in REVOCATION_CACHE: of each kind the newest are kept."""

import os
import time
from pathlib import Path

from app.trust.files import UNFINISHED

RESPONSE = ".ocsp"
LIST = ".crl"
INDEX = ".idx"
#: A copy of a large CRL of TRUST_DIR.
COPY = ".copy"
LOCK = ".lock"
# Files of each kind; beyond this the oldest tenth is removed. A process that has mapped a file
# keeps it, without its name.
MAX_FILES = {RESPONSE: 4000, LIST: 40, INDEX: 16, COPY: 8}
# Seconds after which an incomplete file is removed, too.
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
