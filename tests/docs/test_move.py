"""The data of an original server comes over by the README's lines, whole."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient

from tests.builders import usual_cms
from tests.conftest import AppMaker
from tests.docs.conftest import MakeDatabase
from tests.docs.readme import commands, section
from tests.docs.shell import attempt, run
from tests.postgresql import PostgresServer

UPGRADE, MOVE, REINDEX = commands(section("Moving from the original"))
ZONE = "Asia/Almaty"

#: The tables as the image perfumerlabs/ncanode makes them.
ORIGINAL_TABLES = """
CREATE TABLE ncanode_signature (
    id serial PRIMARY KEY, document varchar(255) NOT NULL, thread varchar(255) NOT NULL,
    cms text NOT NULL, created_at timestamp, updated_at timestamp, version integer DEFAULT 0,
    version_created_at timestamp, version_created_by varchar(100), version_comment varchar(255),
    UNIQUE (thread, document)
);
CREATE TABLE ncanode_signature_version (
    id integer NOT NULL REFERENCES ncanode_signature ON DELETE CASCADE,
    document varchar(255) NOT NULL, thread varchar(255) NOT NULL, cms text NOT NULL,
    created_at timestamp, updated_at timestamp, version integer DEFAULT 0 NOT NULL,
    version_created_at timestamp, version_created_by varchar(100), version_comment varchar(255),
    PRIMARY KEY (id, version)
);
CREATE TABLE ncanode_tag (
    id serial PRIMARY KEY, code varchar(255) UNIQUE, created_at timestamp, updated_at timestamp
);
CREATE TABLE ncanode_signature_tag (
    signature_id integer NOT NULL REFERENCES ncanode_signature ON DELETE CASCADE,
    tag_id integer NOT NULL REFERENCES ncanode_tag ON DELETE CASCADE,
    created_at timestamp, updated_at timestamp, PRIMARY KEY (signature_id, tag_id)
);
"""
OUR_TABLES = ("signatures", "versions", "signature_tags", "signature_tag_pairs")
ITS_TABLES = (
    "ncanode_signature",
    "ncanode_signature_version",
    "ncanode_tag",
    "ncanode_signature_tag",
)

#: The contract's columns of a version: cms, time, author, comment.
VersionRow = tuple[str, str, str | None, str | None]

#: Each thread with its versions. Almaty was six hours ahead of UTC until March 2024, then five.
THREADS: dict[tuple[str, str], list[VersionRow]] = {
    ("contract-1", "approval"): [
        ("MIIfirst", "2023-07-01 00:30:00", "А. Тестова", "первая подпись"),
        ("MIIsecond", "2023-12-31 23:59:59", None, None),
        (
            "MIIthird\r\nof two lines",
            "2024-07-01 09:00:00",
            "b.testov",
            "third; it's 100% \\ 'quoted'",
        ),
    ],
    ("contract-1", "archive"): [("MIIother thread", "2024-02-29 12:00:00", None, None)],
    ("договор № 2", "согласование"): [
        ("<xml>қол</xml>", "2025-01-01 00:00:00", None, "бірінші"),
        ("<xml>қол 2</xml>", "2025-01-01 00:00:01", "Ә. Сынақова", None),
    ],
}
#: The tags of each thread's current version, in the order in which they were linked.
TAGS: dict[tuple[str, str], list[str]] = {
    ("contract-1", "approval"): ["loan", "клиент 7", "Қарыз"],
    ("contract-1", "archive"): ["клиент 7"],
    ("договор № 2", "согласование"): [],
}
OLDEST = ("contract-0", "approval")


@contextmanager
def connected(url: str) -> Iterator[Any]:
    """Give a cursor of a connection that commits each statement."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


class Original:
    """The database of an original server, filled as that server fills it."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor

    def make_tables(self) -> None:
        self.cursor.execute(ORIGINAL_TABLES)

    def fill(self) -> None:
        """Save every thread; one was kept by a release that knew no versions yet."""
        self.cursor.execute(
            "INSERT INTO ncanode_signature (document, thread, cms, created_at, updated_at)"
            " VALUES (%s, %s, 'MIIoldest', '2021-05-05 05:05:05', '2021-06-06 06:06:06')",
            OLDEST,
        )
        for (document, thread), versions in THREADS.items():
            self.save(document, thread, versions, TAGS[document, thread])

    def save(
        self, document: str, thread: str, versions: list[VersionRow], tags: list[str] | None = None
    ) -> int:
        """Write a thread: the head is the last version, and every version stands for itself."""
        cms, saved_at, author, comment = versions[-1]
        columns = (
            "document, thread, created_at, cms, updated_at, version, version_created_at,"
            " version_created_by, version_comment"
        )
        start = (document, thread, versions[0][1])
        number: int = self._one(
            f"INSERT INTO ncanode_signature ({columns})"  # noqa: S608 - our own columns
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            (*start, cms, saved_at, len(versions), saved_at, author, comment),
        )
        for version, (cms, saved_at, author, comment) in enumerate(versions, 1):
            self.cursor.execute(
                f"INSERT INTO ncanode_signature_version (id, {columns})"  # noqa: S608
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (number, *start, cms, saved_at, version, saved_at, author, comment),
            )
        for tag in tags or []:
            self._link(number, tag, saved_at)
        return number

    def _link(self, number: int, code: str, at: str) -> None:
        tag = self._one(
            "INSERT INTO ncanode_tag (code, created_at, updated_at) VALUES (%s, %s, %s)"
            " ON CONFLICT (code) DO UPDATE SET updated_at = ncanode_tag.updated_at RETURNING id",
            (code, at, at),
        )
        self.cursor.execute(
            "INSERT INTO ncanode_signature_tag VALUES (%s, %s, %s, %s)", (number, tag, at, at)
        )

    def _one(self, sql: str, values: tuple[Any, ...]) -> Any:
        self.cursor.execute(sql, values)
        return self.cursor.fetchone()[0]


def dump(cursor: Any, tables: tuple[str, ...]) -> dict[str, list[str]]:
    """Give all rows of tables as text."""
    rows = {}
    for table in tables:
        cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")  # noqa: S608 - our own tables
        rows[table] = [row[0] for row in cursor]
    return rows


@pytest.fixture(name="url")
def empty_original(make_database: MakeDatabase) -> str:
    """The address of a database that an original server has just made its tables in."""
    url = make_database()
    with connected(url) as cursor:
        Original(cursor).make_tables()
    return url


@pytest.fixture(scope="module", name="template")
def move_once(postgresql: PostgresServer) -> str:
    """The name of a database whose threads have come over, to be copied."""
    name = f"docs_moved_{uuid.uuid4().hex}"
    postgresql.create_database(name)
    url = postgresql.database_url(name)
    with connected(url) as cursor:
        original = Original(cursor)
        original.make_tables()
        original.fill()
    move(url)
    return name


@pytest.fixture(name="moved")
def copy_of_moved(postgresql: PostgresServer, template: str) -> Iterator[str]:
    """The address of a database whose threads have come over."""
    name = f"docs_copy_{uuid.uuid4().hex}"
    with connected(postgresql.url) as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield postgresql.database_url(name)
    postgresql.drop(name)


def move(url: str) -> None:
    """Run the README's lines."""
    assert f"zone={ZONE}" in MOVE
    for line in (UPGRADE, MOVE, REINDEX):
        run(line, DATABASE_URL=url)


@pytest.fixture(name="client")
def client_of_moved(start_app: AppMaker, moved: str) -> FlaskClient:
    """A client of the store that has taken the original's data over."""
    return start_app(DATABASE_URL=moved, TIMEZONE=ZONE).test_client()


def get(client: FlaskClient, path: str, **query: Any) -> Any:
    """Read, and give what the answer's content holds first."""
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return next(iter(answer.get_json()["content"].values()))


def save(client: FlaskClient, document: str, thread: str, **more: Any) -> Any:
    body = {"document": document, "thread": thread, "cms": usual_cms(), **more}
    answer = client.post("/signature", json=body)
    assert answer.status_code == 201, answer.text
    return answer.get_json()["content"]["signature"]


def listed(client: FlaskClient, **query: Any) -> list[tuple[str, str]]:
    return [(row["document"], row["thread"]) for row in get(client, "/signatures", **query)]


@pytest.mark.parametrize("address", list(THREADS), ids=" ".join)
def test_every_version_comes_over_with_its_author_comment_and_time(
    client: FlaskClient, address: tuple[str, str]
) -> None:
    document, thread = address
    versions = get(client, "/signature/versions", document=document, thread=thread)
    told = [
        (row["cms"], row["version_created_at"], row["version_created_by"], row["version_comment"])
        for row in reversed(versions)
    ]
    assert told == THREADS[address]
    assert [row["version"] for row in versions] == list(range(len(told), 0, -1))
    assert {row["created_at"] for row in versions} == {told[0][1]}
    assert {row["updated_at"] for row in versions} == {told[-1][1]}
    assert {row["stage"] for row in versions} == {None}


def test_the_times_are_the_same_moments_in_any_zone(start_app: AppMaker, moved: str) -> None:
    client = start_app(DATABASE_URL=moved).test_client()
    versions = get(client, "/signature/versions", document="contract-1", thread="approval")
    moments = [row["version_created_at"] for row in reversed(versions)]
    assert moments == ["2023-06-30 18:30:00", "2023-12-31 17:59:59", "2024-07-01 04:00:00"]


def test_ids_stay_what_they_were(client: FlaskClient, moved: str) -> None:
    with connected(moved) as cursor:
        cursor.execute("SELECT document, thread, id FROM ncanode_signature")
        ids = {(document, thread): number for document, thread, number in cursor}
    rows = get(client, "/signatures")
    assert {(row["document"], row["thread"]): row["id"] for row in rows} == ids
    assert len(ids) == len(THREADS) + 1


def test_a_signature_that_never_had_a_version_is_version_one(client: FlaskClient) -> None:
    document, thread = OLDEST
    versions = get(client, "/signature/versions", document=document, thread=thread)
    current = get(client, "/signature", document=document, thread=thread)
    assert versions == [current]
    assert (current["version"], current["parent"], current["cms"]) == (1, None, "MIIoldest")
    assert (current["tags"], current["version_created_by"]) == ([], None)
    assert current["created_at"] == "2021-05-05 05:05:05"
    assert current["updated_at"] == current["version_created_at"] == "2021-06-06 06:06:06"
    assert save(client, document, thread, version=1)["version"] == 2


@pytest.mark.parametrize("address", list(TAGS), ids=" ".join)
def test_tags_come_over_with_the_current_version(
    client: FlaskClient, address: tuple[str, str]
) -> None:
    document, thread = address
    newest, *older = get(client, "/signature/versions", document=document, thread=thread)
    assert newest["tags"] == TAGS[address]
    assert [row["tags"] for row in older] == [[]] * (len(THREADS[address]) - 1)


def test_lists_find_what_came_over_newest_first(client: FlaskClient) -> None:
    approval, archive, russian = THREADS
    assert listed(client) == [russian, archive, approval, OLDEST]
    assert listed(client, tags="клиент 7") == [archive, approval]
    assert listed(client, tags=["Қарыз", "клиент 7"], tags_mode="all") == [approval]
    assert listed(client, tags="loan", document="contract-1", limit=5) == [approval]
    assert listed(client, document="договор № 2") == [russian]
    assert listed(client, thread="approval") == [approval, OLDEST]


def test_the_next_save_goes_on_where_the_original_stopped(client: FlaskClient) -> None:
    thread = {"document": "contract-1", "thread": "approval"}
    stale = client.post("/signature", json={**thread, "cms": usual_cms(), "version": 2})
    assert stale.status_code == 400
    before = get(client, "/signature", **thread)
    saved = save(client, **thread, version=3, tags=["loan", "new"])
    assert (saved["id"], saved["version"], saved["parent"]) == (before["id"], 4, 3)
    assert saved["created_at"] == before["created_at"]
    assert listed(client, tags="loan") == listed(client, tags="new") == [("contract-1", "approval")]
    assert listed(client, tags="клиент 7") == [("contract-1", "archive")]
    assert get(client, "/signature", **thread, version=3) == {
        **before,
        "updated_at": saved["updated_at"],
    }


def test_what_came_over_can_be_deleted(client: FlaskClient) -> None:
    thread = {"document": "contract-1", "thread": "approval"}
    number = get(client, "/signature", **thread)["id"]
    assert client.delete("/signature", query_string=thread).get_json() == {"status": True}
    assert listed(client, tags=["loan", "клиент 7"]) == [("contract-1", "archive")]
    again = save(client, **thread)
    assert (again["version"], again["id"] > number) == (1, True)


def test_a_new_thread_gets_an_id_that_no_other_has(client: FlaskClient) -> None:
    ids = {row["id"] for row in get(client, "/signatures")}
    assert save(client, "contract-9", "approval")["id"] > max(ids)


def test_an_id_that_the_original_had_given_is_never_given_again(
    url: str, start_app: AppMaker
) -> None:
    with connected(url) as cursor:
        original = Original(cursor)
        original.fill()
        number = original.save("deleted", "approval", [("MII", "2025-05-05 05:05:05", None, None)])
        cursor.execute("DELETE FROM ncanode_signature WHERE id = %s", (number,))
    move(url)
    client = start_app(DATABASE_URL=url).test_client()
    assert save(client, "contract-9", "approval")["id"] > number


def test_a_row_without_times_gets_the_moment_of_the_move(url: str, start_app: AppMaker) -> None:
    with connected(url) as cursor:
        cursor.execute(
            "INSERT INTO ncanode_signature (document, thread, cms) VALUES ('a', 'b', 'c')"
        )
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    move(url)
    after = datetime.datetime.now(datetime.UTC)
    row = get(start_app(DATABASE_URL=url).test_client(), "/signature", document="a", thread="b")
    for key in ("created_at", "updated_at", "version_created_at"):
        assert before <= datetime.datetime.fromisoformat(f"{row[key]}+00:00") <= after, key


def test_an_empty_original_comes_over_too(url: str, start_app: AppMaker) -> None:
    move(url)
    client = start_app(DATABASE_URL=url).test_client()
    assert get(client, "/signatures") == []
    assert save(client, "contract-1", "approval")["id"] == 1


def test_the_tables_of_the_original_stay_as_they_are(url: str) -> None:
    with connected(url) as cursor:
        Original(cursor).fill()
        before = dump(cursor, ITS_TABLES)
        assert all(before.values())
        move(url)
        assert dump(cursor, ITS_TABLES) == before


def test_a_second_run_is_refused_and_changes_nothing(moved: str) -> None:
    with connected(moved) as cursor:
        before = dump(cursor, OUR_TABLES)
        assert all(before.values())
        again = attempt(MOVE, DATABASE_URL=moved)
        assert again.returncode != 0
        assert "the store is not empty" in again.stderr
        assert dump(cursor, OUR_TABLES) == before


def test_a_zone_that_does_not_exist_undoes_everything(url: str) -> None:
    with connected(url) as cursor:
        Original(cursor).fill()
        run(UPGRADE, DATABASE_URL=url)
        refused = attempt(MOVE.replace(ZONE, "Asia/Atlantis"), DATABASE_URL=url)
        assert refused.returncode != 0
        assert dump(cursor, OUR_TABLES) == {name: [] for name in OUR_TABLES}


def test_the_tables_are_made_beside_the_originals_by_its_own_variables(url: str) -> None:
    parts = psycopg2.extensions.parse_dsn(url)
    run(
        UPGRADE,
        PG_HOST=parts["host"],
        PG_PORT=parts["port"],
        PG_DATABASE=parts["dbname"],
        PG_USER=parts["user"],
        PG_PASSWORD="none is asked for",
    )
    with connected(url) as cursor:
        assert dump(cursor, OUR_TABLES) == {name: [] for name in OUR_TABLES}
        cursor.execute("SELECT to_regclass('ncanode_signature')")
        assert cursor.fetchone() != (None,)
