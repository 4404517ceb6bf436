"""Documents in a bucket, by a real client over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from sqlalchemy import Engine

from app.store.contents.bucket import Bucket
from app.store.contents.errors import ContentAway
from app.store.contents.folder import Folder
from app.store.contents.moving import Move
from app.store.contents.places import open_place
from app.store.contents.sweeping import Swept, sweep
from app.store.errors import VersionConflict
from tests.store.contents.kept import (
    delete_with,
    files_of,
    new_content,
    read_whole,
    rows_of,
    save_with,
)
from tests.store.contents.s3 import s3_server
from tests.store.threads import save

pytestmark = pytest.mark.slow
LARGE = bytes(range(256)) * 3000


@pytest.fixture(scope="module", name="server")
def run_server() -> Iterator[str]:
    """Run one server for all tests."""
    with s3_server() as address:
        yield address


@pytest.fixture(name="bucket")
def make_bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Return an empty bucket, with the client's variables set as an operator does."""
    for name, value in (
        ("AWS_ENDPOINT_URL", server),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="documents")
    place = open_place("s3://documents/kept/")
    assert isinstance(place, Bucket)
    for one in objects(place):
        place.remove(one)
    return place


def objects(bucket: Bucket) -> list[str]:
    """Return the locations of all objects."""
    return list(bucket.list_older(datetime.now(UTC) + timedelta(days=1)))


def test_a_document_is_kept_once_read_and_removed(engine: Engine, bucket: Bucket) -> None:
    save_with(engine, LARGE, "a", place=bucket)
    save_with(engine, LARGE, "b", place=bucket)
    assert read_whole(engine, "b", place=bucket)[1] == LARGE
    [location] = objects(bucket)
    digest = new_content(LARGE).sha256.hex()
    assert location.startswith(f"s3:{digest[:2]}/{digest}-")
    delete_with(engine, "a", bucket)
    assert read_whole(engine, "b", place=bucket)[1] == LARGE
    delete_with(engine, "b", bucket)
    assert objects(bucket) == []
    assert rows_of(engine) == (0, 0, 0)


def test_documents_are_moved_into_a_bucket(engine: Engine, bucket: Bucket, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    save_with(engine, LARGE, "a", place=folder)
    [step] = Move(engine, folder, bucket).run()
    assert (step.is_moved, files_of(tmp_path)) == (True, 0)
    assert read_whole(engine, "a", place=bucket)[1] == LARGE
    other = open_place("s3://documents/other")
    [step] = Move(engine, bucket, other).run()
    assert (step.is_moved, objects(bucket)) == (True, [])
    [step] = Move(engine, bucket, other).run()
    assert not step.is_moved
    assert read_whole(engine, "a", place=other)[1] == LARGE


def test_a_refused_save_leaves_no_object(engine: Engine, bucket: Bucket) -> None:
    save(engine)
    with pytest.raises(VersionConflict):
        save_with(engine, LARGE, seen=7, place=bucket)
    assert objects(bucket) == []


def test_an_object_that_was_left_is_swept_once_it_is_old(engine: Engine, bucket: Bucket) -> None:
    save_with(engine, LARGE, place=bucket)
    left = bucket.write(b"\1" * 32, [b"left"], 4)
    assert sweep(engine, bucket, timedelta(0)) == Swept(0, 0)
    assert left in objects(bucket)

    class Older(Bucket):
        """The same bucket, an hour and a half later."""

        def list_older(self, moment: datetime) -> Iterator[str]:
            return super().list_older(moment + timedelta(hours=1, minutes=30))

    assert sweep(engine, Older("documents", "kept"), timedelta(0)) == Swept(0, 1)
    assert left not in objects(bucket)
    assert read_whole(engine, place=bucket)[1] == LARGE


def test_a_server_that_is_away_refuses_what_needs_it(
    engine: Engine, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_with(engine, LARGE, place=bucket)
    with pytest.raises(ContentAway):
        bucket.read("s3:aa/none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    away = Bucket("documents", "kept")
    with pytest.raises(ContentAway):
        save_with(engine, b"other", "b", place=away)
    with pytest.raises(ContentAway):
        read_whole(engine, place=away)
    # The thread goes in any case; its object is left for the sweep.
    delete_with(engine, place=away)
    assert rows_of(engine) == (0, 0, 0)
    assert len(objects(bucket)) == 1
