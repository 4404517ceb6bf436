"""Documents are kept once, and go with the last version that refers to them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from app.store.contents.errors import ContentAway
from app.store.contents.folder import Folder
from app.store.contents.keeping import Offer, list_of_package, refer_again, release, remove_all
from app.store.contents.places import open_place
from app.store.contents.reading import (
    find_at_hand,
    find_contents,
    find_package_contents,
    read_content,
)
from app.store.contents.values import PIECE, Place
from app.store.database.engine import transaction
from app.store.errors import VersionConflict
from app.store.packages.writing import (
    NewDocument,
    NewPackage,
    NewSigner,
    add_package,
    delete_package,
)
from tests.conftest import EngineMaker
from tests.store.contents.kept import (
    delete_with,
    files_of,
    find_kept,
    new_content,
    read_whole,
    rows_of,
    save_with,
)
from tests.store.test_statements import counted_statements
from tests.store.threads import all_at_once, delete, save

LARGE = bytes(range(256)) * (2 * PIECE // 256) + b"end"


@pytest.fixture(name="place", params=["database", "folder"])
def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place | None:
    """Return where documents are kept."""
    return Folder(tmp_path / "kept") if request.param == "folder" else None


def test_a_document_is_read_as_it_was_kept(engine: Engine, place: Place | None) -> None:
    save_with(engine, LARGE, place=place)
    kept, data = read_whole(engine, place=place)
    assert data == LARGE
    assert (kept.sha256, kept.size) == (new_content(LARGE).sha256.hex(), len(LARGE))
    assert (kept.name, kept.media_type, kept.digests) == ("a.pdf", "application/pdf", {"1.2": "00"})


def test_an_empty_document_is_one(engine: Engine, place: Place | None) -> None:
    save_with(engine, b"", place=place)
    assert read_whole(engine, place=place)[1] == b""


def test_each_version_has_its_own(engine: Engine) -> None:
    save_with(engine, b"first")
    save(engine, seen=1)
    save_with(engine, b"third", seen=2)
    assert read_whole(engine, version=1)[1] == b"first"
    assert read_whole(engine)[1] == b"third"
    assert find_kept(engine, version=2) is None
    with engine.connect() as connection:
        assert find_contents(connection, []) == {}


def test_the_documents_of_a_page_are_looked_up_on_sqlite(
    open_engine: EngineMaker, sqlite_url: str
) -> None:
    """SQLite uses no index for pairs: it would read the rows of all versions."""
    engine = open_engine(sqlite_url)
    with counted_statements(engine) as statements, engine.connect() as connection:
        find_contents(connection, [(1, 1), (2, 3)])
    [found] = statements
    with engine.connect() as connection:
        values = (1,) * found.count("?")
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {found}", values).all()
    assert "SEARCH version_contents USING PRIMARY KEY (signature_id=?" in str(plan)


def test_one_document_is_kept_once_and_goes_with_the_last(
    engine: Engine, place: Place | None, tmp_path: Path
) -> None:
    save_with(engine, LARGE, "a", place=place)
    save_with(engine, LARGE, "a", seen=1, place=place)
    save_with(engine, LARGE, "b", place=place)
    assert rows_of(engine)[0] == 1
    assert files_of(tmp_path / "kept") == (place is not None)
    delete_with(engine, "a", place)
    assert read_whole(engine, "b", place=place)[1] == LARGE
    delete_with(engine, "b", place)
    assert rows_of(engine) == (0, 0, 0)
    assert files_of(tmp_path / "kept") == 0


def test_a_refused_save_leaves_none(engine: Engine, place: Place | None, tmp_path: Path) -> None:
    save(engine)
    with pytest.raises(VersionConflict):
        save_with(engine, LARGE, seen=7, place=place)
    assert rows_of(engine) == (0, 0, 0)
    assert files_of(tmp_path / "kept") == 0


def test_what_may_have_been_committed_stays(engine: Engine, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")

    def fail() -> None:
        with Offer(engine, place, new_content(b"a")):
            raise OperationalError("COMMIT", None, Exception("connection lost"))

    with pytest.raises(OperationalError):
        fail()
    assert files_of(tmp_path / "kept") == 1


def test_what_is_superfluous_is_removed(engine: Engine, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    with Offer(engine, place, new_content(b"a")):
        save_with(engine, b"a", place=place)
        assert files_of(tmp_path / "kept") == 2
    assert files_of(tmp_path / "kept") == 1
    assert read_whole(engine, place=place)[1] == b"a"


def test_what_is_deleted_meanwhile_is_written_again(engine: Engine, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept")
    save_with(engine, b"a", "first", place=place)
    with Offer(engine, place, new_content(b"a")) as offer:
        delete_with(engine, "first", place)
        record = save(engine)
        with transaction(engine) as connection:
            offer.keep_for_version(connection, record.id, record.version)
    assert read_whole(engine, place=place)[1] == b"a"


@pytest.mark.parametrize("outside", [False, True])
def test_saves_and_deletions_that_meet_lose_nothing_and_leave_nothing(
    engine: Engine, tmp_path: Path, *, outside: bool
) -> None:
    place = Folder(tmp_path / "kept") if outside else None
    for number in range(4):
        save_with(engine, LARGE, f"old {number}", place=place)
    calls = [partial(delete_with, engine, f"old {number}", place) for number in range(4)]
    calls += [
        partial(save_with, engine, LARGE, f"new {number}", place=place) for number in range(4)
    ]
    assert [one for one in all_at_once(calls) if one is not None] == []
    for number in range(4):
        assert read_whole(engine, f"new {number}", place=place)[1] == LARGE
    assert rows_of(engine)[::2] == (1, 4)
    assert files_of(tmp_path / "kept") == outside
    gone = [partial(delete_with, engine, f"new {number}", place) for number in range(4)]
    assert [one for one in all_at_once(gone) if one is not None] == []
    assert rows_of(engine) == (0, 0, 0)
    assert files_of(tmp_path / "kept") == 0


def test_a_package_keeps_its_documents_too(engine: Engine) -> None:
    documents = (NewDocument(document="doc", order=0),)
    signers = (NewSigner(order=0, iin="000000000000"),)
    new = NewPackage(name="a", type="concurrent", documents=documents, signers=signers)
    with Offer(engine, None, new_content(b"a")) as offer, transaction(engine) as connection:
        public_id = add_package(connection, new)
        offer.keep_for_package(connection, public_id, 1)
    save_with(engine, b"a")
    delete(engine)
    with engine.connect() as connection:
        kept = find_package_contents(connection, public_id)[1]
        assert b"".join(read_content(engine, kept, None)) == b"a"
        assert list_of_package(connection, public_id) == [new_content(b"a").sha256]
    with transaction(engine) as connection:
        assert delete_package(connection, public_id) == (public_id, [])
    assert rows_of(engine) == (0, 0, 0)


def test_a_document_in_another_place_is_not_reached(engine: Engine, tmp_path: Path) -> None:
    save_with(engine, b"a", place=Folder(tmp_path))
    with pytest.raises(ContentAway, match="CONTENT_STORE"):
        read_whole(engine)
    with pytest.raises(ContentAway):
        save_with(engine, b"a", "other")
    remove_all(None, ["file:aa/bb"])  # It is logged, and left.


def test_a_document_in_the_database_is_reached_from_any_setting(
    engine: Engine, tmp_path: Path
) -> None:
    save_with(engine, b"a")
    place = Folder(tmp_path)
    save_with(engine, b"a", "other", place=place)
    assert read_whole(engine, "other", place=place)[1] == b"a"
    assert files_of(tmp_path) == 0


def test_a_document_that_is_deleted_while_it_is_read_ends_in_an_error(engine: Engine) -> None:
    save_with(engine, LARGE)
    with engine.connect() as connection:
        kept = find_contents(connection, [(1, 1)])[1, 1]
    pieces = read_content(engine, kept, None)
    next(pieces)
    delete(engine)
    with pytest.raises(ContentAway):
        list(pieces)


def test_a_folder_that_can_not_be_written_refuses_the_save(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ContentAway):
        save_with(engine, b"a", place=open_place(f"file:{tmp_path}/file"))
    with pytest.raises(ContentAway):
        open_place(f"file:{tmp_path}").read("file:aa/none")  # type: ignore[union-attr]
    assert rows_of(engine) == (0, 0, 0)


def test_a_version_refers_to_what_is_kept_only_if_it_is_still_there(engine: Engine) -> None:
    save_with(engine, b"a", "first")
    record = save(engine)
    with engine.connect() as connection:
        [kept] = find_at_hand(connection, "first", "main")
    with transaction(engine) as connection:
        assert refer_again(connection, kept, record.id, 1)
    delete(engine, "first")
    assert read_whole(engine)[1] == b"a"
    delete(engine)
    again = save(engine, "again")
    with transaction(engine) as connection:
        assert not refer_again(connection, kept, again.id, 1)
    assert rows_of(engine) == (0, 0, 0)


def test_nothing_is_released_that_is_referred_to(engine: Engine) -> None:
    save_with(engine, b"a")
    with transaction(engine) as connection:
        assert release(connection, [new_content(b"a").sha256, b"unknown"]) == []
    assert read_whole(engine)[1] == b"a"
