"""Run as a program: a backup or a restore that is killed on its way.

Arguments: what (`back_up`, `restore`), DATABASE_URL, FILE, and when (the name of a table that is
done, or `finish`).
"""

import os
import signal
import sys
from pathlib import Path

from app.store.backups.archive import Archive
from app.store.backups.restoring import restore
from app.store.backups.tables import Place
from app.store.backups.taking import back_up
from tests.conftest import opened


def main(what: str, url: str, file: str, when: str) -> None:
    """Do it, and be killed."""

    def progress(table: str, _rows: int) -> None:
        if table == when:
            os.kill(os.getpid(), signal.SIGKILL)

    with opened(url) as engine:
        place = Place(engine, None)
        if what == "back_up":
            back_up(place, Path(file), [], replace=True, progress=progress)
            return
        with Archive(Path(file)) as archive:
            restore(
                place,
                archive,
                replace=True,
                finish=lambda: progress("finish", 0),
                progress=progress,
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
