"""Documents are moved from any place to any other, and none is lost."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.store.contents.errors import ContentAway
from app.store.contents.folder import Folder
from app.store.contents.moving import Move
from app.store.contents.values import PIECE, Place
from tests.store.contents.kept import delete_with, files_of, read_whole, rows_of, save_with

DATA = {"a": b"a" * (2 * PIECE + 1), "b": b"b", "c": b""}


def save_all(engine: Engine, place: Place | None) -> None:
    for document, data in DATA.items():
        save_with(engine, data, document, place=place)


def read_all(engine: Engine, place: Place | None) -> dict[str, bytes]:
    return {document: read_whole(engine, document, place=place)[1] for document in DATA}


def moved(move: Move) -> int:
    steps = list(move.run())
    assert [one.problem for one in steps if one.problem] == []
    return sum(one.is_moved for one in steps)


class Mortal(Folder):
    """A folder whose user is killed after some documents were written."""

    def __init__(self, root: Path, writes: int) -> None:
        super().__init__(root)
        self.writes = writes

    def write(self, sha256: bytes, pieces: Iterable[bytes], size: int) -> str:
        location = super().write(sha256, pieces, size)
        self.writes -= 1
        if self.writes < 0:
            raise KeyboardInterrupt
        return location


class Forgetful(Folder):
    """A folder that gives back something else."""

    def read(self, location: str) -> Iterator[bytes]:
        return iter([b"?", *super().read(location)])


def test_documents_go_from_the_database_to_folders_and_back(engine: Engine, tmp_path: Path) -> None:
    first, second = Folder(tmp_path / "1"), Folder(tmp_path / "2")
    save_all(engine, None)
    for source, target, files in ((None, first, (3, 0)), (first, second, (0, 3))):
        move = Move(engine, source, target)
        assert move.count() == 3
        assert moved(move) == 3
        assert read_all(engine, target) == DATA
        assert (files_of(tmp_path / "1"), files_of(tmp_path / "2")) == files
        assert rows_of(engine) == (3, 0, 3)
    assert moved(Move(engine, first, second)) == 0
    back = Move(engine, second, None)
    assert moved(back) == 3
    assert (rows_of(engine), files_of(tmp_path)) == ((3, 4, 3), 0)
    assert read_all(engine, None) == DATA
    assert (back.count(), moved(back)) == (0, 0)


def test_a_move_that_was_killed_goes_on_where_it_was(engine: Engine, tmp_path: Path) -> None:
    source, root = Folder(tmp_path / "1"), tmp_path / "2"
    save_all(engine, source)
    with pytest.raises(KeyboardInterrupt):
        list(Move(engine, source, Mortal(root, 1)).run())
    # One was moved; of the other there are two, of which its row names the one before.
    assert (files_of(tmp_path / "1"), files_of(root)) == (2, 2)
    assert moved(Move(engine, source, Folder(root))) == 2
    assert read_all(engine, Folder(root)) == DATA


def test_what_is_damaged_stays_and_is_named(engine: Engine, tmp_path: Path) -> None:
    source, target = Folder(tmp_path / "1"), Folder(tmp_path / "2")
    save_all(engine, source)
    [damaged] = (tmp_path / "1").glob(f"??/{sha256(b'b').hexdigest()}-*")
    damaged.write_bytes(b"x")
    [gone] = (tmp_path / "1").glob(f"??/{sha256(b'').hexdigest()}-*")
    os.remove(gone)
    for place in (target, None):
        steps = list(Move(engine, source, place).run())
        problems = {one.sha256: one.problem for one in steps if one.problem}
        assert problems[sha256(b"b").hexdigest()] == "its SHA-256 is another"
        assert "FileNotFoundError" in str(problems[sha256(b"").hexdigest()])
    assert damaged.read_bytes() == b"x"
    assert read_whole(engine, "a", place=target)[1] == DATA["a"]
    assert (rows_of(engine)[1], files_of(tmp_path / "2")) == (0, 1)


def test_what_is_read_back_differently_is_not_believed(engine: Engine, tmp_path: Path) -> None:
    save_all(engine, None)
    with pytest.raises(ContentAway, match="read back differently"):
        list(Move(engine, None, Forgetful(tmp_path)).run())
    assert read_all(engine, None) == DATA
    assert files_of(tmp_path) == 0


def test_what_is_deleted_meanwhile_is_gone_everywhere(engine: Engine, tmp_path: Path) -> None:
    save_all(engine, None)

    class Slow(Folder):
        def write(self, sha256: bytes, pieces: Iterable[bytes], size: int) -> str:
            location = super().write(sha256, pieces, size)
            if rows_of(engine)[0]:
                for document in DATA:
                    delete_with(engine, document)
            return location

    assert moved(Move(engine, None, Slow(tmp_path))) == 0
    assert (rows_of(engine), files_of(tmp_path)) == ((0, 0, 0), 0)


def test_where_they_go_to_may_be_away(engine: Engine, tmp_path: Path) -> None:
    save_all(engine, None)
    (tmp_path / "file").touch()
    with pytest.raises(ContentAway):
        list(Move(engine, None, Folder(tmp_path / "file" / "folder")).run())
    assert read_all(engine, None) == DATA
