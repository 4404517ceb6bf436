"""Run as a program: saves and deletes threads with a few documents, until it is killed.

Arguments: DATABASE_URL, the folder of documents or nothing, and a number by which its threads
differ. It prints a line after each save.
"""

from __future__ import annotations

import random
import sys
from itertools import count
from pathlib import Path

from app.store.contents.folder import Folder
from app.store.contents.values import PIECE
from tests.conftest import opened
from tests.store.contents.kept import delete_with, save_with

#: So few that those who save and those who delete the same one meet.
DOCUMENTS = [bytes([number]) * (PIECE + number) for number in range(3)]


def main(url: str, folder: str, name: str) -> None:
    """Save and delete."""
    chance = random.Random(int(name))
    place = Folder(Path(folder)) if folder else None
    with opened(url) as engine:
        for number in count():
            document = f"{name}-{number}"
            save_with(engine, chance.choice(DOCUMENTS), document, place=place)
            if number and chance.random() < 0.7:
                delete_with(engine, document, place)
            sys.stdout.write(".\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
