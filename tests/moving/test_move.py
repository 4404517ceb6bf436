"""`flask move`: what an original server stores is moved completely, or reported by its id."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from app.store.models import Signature, SignaturePair, SignatureTag, SignatureTerm, Signer
from tests.api.asking import content_of, get, rows, save
from tests.moving.conftest import Move
from tests.moving.sealing import seal, write_key
from tests.moving.server import OriginalServer, Row
from tests.store.signings import IVANOV, PETROVA, signed_by

SIGNED, COSIGNED = signed_by(IVANOV), signed_by(IVANOV, PETROVA)

#: Each thread with its versions.
THREADS: dict[tuple[str, str], list[Row]] = {
    ("contract-1", "approval"): [
        (SIGNED, "2023-07-01 00:30:00.123456", "А. Тестова", "первая подпись"),
        ("MIIsecond", "2023-12-31 23:59:59", None, None),
        (COSIGNED, "2024-02-29 23:30:00", "b.testov", "third; it's 100% \\ 'quoted'"),
    ],
    ("contract-1", "archive"): [("MIIother\r\nthread", "2024-02-29 12:00:00", "", "")],
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
LISTS = (
    "undecryptable", "contradictory", "taken", "different", "missing", "head_differs",
    "no_signature", "many_tags", "continued",
)  # fmt: skip


def fill(original: OriginalServer, versions: dict[Any, list[Row]] = THREADS) -> None:
    """Save every thread; one was kept by a release that knew no versions yet."""
    original.execute(
        "INSERT INTO ncanode_signature (document, thread, cms, created_at, updated_at)"
        " VALUES (%s, %s, 'MIIoldest', '2021-05-05 05:05:05', '2021-06-06 06:06:06')",
        *OLDEST,
    )
    for (document, thread), one in versions.items():
        original.save(document, thread, one, TAGS[document, thread])


@pytest.fixture(name="client")
def client_of_store(app: Any) -> FlaskClient:
    """A client of the store that is moved into."""
    client: FlaskClient = app.test_client()
    return client


def read(client: FlaskClient, document: str, thread: str) -> list[dict[str, Any]]:
    """Return all versions of a thread, oldest first."""
    asked = {"document": document, "thread": thread}
    found = content_of(client.get("/signature/versions", query_string=asked))["versions"]
    return list(reversed(found))


def listed(client: FlaskClient, query: str = "") -> list[tuple[str, str]]:
    return [(row["document"], row["thread"]) for row in rows(client, query)]


def found(report: dict[str, Any]) -> dict[str, Any]:
    """Return the lists of a report that are not empty."""
    return {name: report[name] for name in LISTS if report[name]}


def test_everything_is_moved_and_reported(move: Move, original: OriginalServer) -> None:
    fill(original)
    before = original.dump()
    moved = move()
    assert (moved.status, moved.report["complete"]) == (0, True)
    numbers = {name: moved.report[name] for name in moved.report if name not in LISTS}
    assert numbers == {
        "complete": True,
        "threads": 4,
        "versions": 7,
        "stray_versions": 0,
        "moved_now": 4,
        "threads_alike": 4,
        "versions_alike": 7,
        "other_threads_here": 0,
    }
    assert found(moved.report) == {"no_signature": [[1, 1], [2, 2], [3, 1], [4, 1], [4, 2]]}
    assert (
        "5 versions without a signature, here as in the original:\n  1/1, 2/2, 3/1"
        in moved.reported
    )
    assert moved.reported.endswith("the move is complete\n")
    assert original.dump() == before


@pytest.mark.parametrize("address", list(THREADS), ids=" ".join)
def test_every_version_comes_over_with_its_author_comment_and_time(
    move: Move, original: OriginalServer, client: FlaskClient, address: tuple[str, str]
) -> None:
    fill(original)
    move()
    versions = read(client, *address)
    reported = [
        (row["cms"], row["version_created_at"], row["version_created_by"], row["version_comment"])
        for row in versions
    ]
    expected = [(cms, at[:19], by, comment) for cms, at, by, comment in THREADS[address]]
    assert reported == expected
    assert [row["version"] for row in versions] == list(range(1, len(reported) + 1))
    assert {row["created_at"] for row in versions} == {reported[0][1]}
    assert {row["updated_at"] for row in versions} == {reported[-1][1]}
    assert {row["stage"] for row in versions} == {None}
    assert versions[-1]["tags"] == TAGS[address]
    assert all(row["tags"] == [] for row in versions[:-1])


def test_times_keep_their_microseconds(
    move: Move, original: OriginalServer, engine: Engine
) -> None:
    fill(original)
    move()
    with engine.connect() as connection:
        created_at = connection.execute(
            select(Signature.created_at).where(Signature.thread == "approval", Signature.id > 1)
        ).scalar_one()
    expected = datetime.datetime(2023, 7, 1, 0, 30, 0, 123456, tzinfo=datetime.UTC)
    assert created_at == expected


def test_ids_stay_what_they_were_and_none_is_given_again(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    fill(original)
    gone = original.save("deleted", "approval", [("MII", "2025-05-05 05:05:05", None, None)])
    original.execute("DELETE FROM ncanode_signature WHERE id = %s", gone)
    move()
    public_ids = {
        row["id"]: UUID(row["public_id"]) for row in rows(client, "with=public_id&limit=9")
    }
    assert sorted(public_ids) == [1, 2, 3, 4]
    assert len(set(public_ids.values())) == 4
    assert save(client, document="contract-9")["id"] == gone + 1


def test_a_signature_that_never_had_a_version_is_version_one(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    fill(original)
    move()
    document, thread = OLDEST
    (current,) = read(client, document, thread)
    assert (current["version"], current["parent"], current["cms"]) == (1, None, "MIIoldest")
    assert (current["tags"], current["version_created_by"]) == ([], None)
    assert current["created_at"] == "2021-05-05 05:05:05"
    assert current["updated_at"] == current["version_created_at"] == "2021-06-06 06:06:06"
    assert save(client, document=document, thread=thread, version=1)["version"] == 2


def test_lists_find_what_came_over_newest_first(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    fill(original)
    move()
    approval, archive, russian = THREADS
    assert listed(client) == [russian, archive, approval, OLDEST]
    assert listed(client, "tags=клиент 7") == [archive, approval]
    assert listed(client, "tags[]=Қарыз&tags[]=клиент 7&tags_mode=all") == [approval]
    assert listed(client, "tags=loan&document=contract-1&limit=5") == [approval]
    assert listed(client, "thread=approval") == [approval, OLDEST]
    # Of the current version: who signed, and when.
    assert listed(client, f"iin={PETROVA[1]}") == [approval]
    assert listed(client, "signed_from=2025-06-01&signed_to=2025-06-01") == [approval]
    (row,) = rows(client, "tags=loan&with=signers")
    assert [one["claimed"]["name"] for one in row["signers"]] == [IVANOV[0], PETROVA[0]]


def test_the_indexes_are_those_that_saves_write(
    move: Move, original: OriginalServer, client: FlaskClient, engine: Engine
) -> None:
    versions: list[Row] = [
        (SIGNED, "2024-01-01 00:00:00", None, None),
        (COSIGNED, "2024-01-02 00:00:00", None, None),
        ("no signature" * 20, "2024-01-03 00:00:00", None, None),
    ]
    tags = ["b", "a", "B", "я", "қ", "😀", "ﬀ", 'q"\\']
    for last in (1, 2, 3):
        original.save(f"m{last}", "main", versions[:last], tags)
    move()
    for last in (1, 2, 3):
        for number, (cms, *_) in enumerate(versions[:last]):
            now = tags if number == last - 1 else ["before"]
            save(client, document=f"s{last}", version=number, cms=cms, tags=now)

    def kept(document: str) -> list[Any]:
        with engine.connect() as connection:
            number = connection.execute(
                select(Signature.id).where(Signature.document == document)
            ).scalar_one()
            return [
                sorted(
                    tuple(row)[:-1] if table is not Signer else row[1:]
                    for row in connection.execute(
                        select(*columns, table.signature_id).where(table.signature_id == number)
                    )
                )
                for table, columns in (
                    (SignatureTag, (SignatureTag.tag,)),
                    (SignaturePair, (SignaturePair.pair,)),
                    (SignatureTerm, (SignatureTerm.term,)),
                    (Signer, (Signer.version, Signer.number, Signer.claimed_iin)),
                )
            ]

    for last in (1, 2, 3):
        ours, theirs = kept(f"m{last}"), kept(f"s{last}")
        # The day of an unsigned text is that of its save.
        assert [len(table) for table in ours] == [len(table) for table in theirs]
        assert ours[:3] == theirs[:3]


def test_the_next_save_goes_on_where_the_original_stopped(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    fill(original)
    move()
    thread = {"document": "contract-1", "thread": "approval"}
    stale = client.post("/signature", json={**thread, "cms": SIGNED, "version": 2})
    assert stale.status_code == 400
    before = read(client, **thread)[-1]
    saved = save(client, **thread, version=3, tags=["loan", "new"])
    assert (saved["id"], saved["version"], saved["parent"]) == (before["id"], 4, 3)
    assert saved["created_at"] == before["created_at"]
    approval, archive, _ = THREADS
    assert listed(client, "tags=loan") == listed(client, "tags=new") == [approval]
    assert listed(client, "tags=клиент 7") == [archive]
    assert read(client, **thread)[2] == {**before, "updated_at": saved["updated_at"]}
    moved = move()
    assert (moved.status, moved.report["moved_now"]) == (0, 0)
    assert moved.report["continued"] == [before["id"]]
    assert read(client, **thread)[-1]["version"] == 4


def test_what_came_over_can_be_deleted(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    fill(original)
    move()
    thread = {"document": "contract-1", "thread": "approval"}
    assert client.delete("/signature", query_string=thread).get_json() == {"status": True}
    assert listed(client, "tags[]=loan&tags[]=клиент 7") == [("contract-1", "archive")]
    assert save(client, **thread)["version"] == 1


def test_a_row_without_times_gets_the_moment_of_the_move(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    original.execute("INSERT INTO ncanode_signature (document, thread, cms) VALUES ('a', 'b', 'c')")
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    assert move().status == move().status == 0
    after = datetime.datetime.now(datetime.UTC)
    (row,) = read(client, "a", "b")
    for key in ("created_at", "updated_at", "version_created_at"):
        assert before <= datetime.datetime.fromisoformat(f"{row[key]}+00:00") <= after, key


def test_an_empty_original_comes_over_too(move: Move, client: FlaskClient) -> None:
    moved = move()
    assert (moved.status, moved.report["threads"], found(moved.report)) == (0, 0, {})
    assert rows(client) == []
    assert save(client)["id"] == 1


def test_encrypted_rows_are_kept_as_they_were_sent(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    sealed = {
        address: [(seal(cms), *more) for cms, *more in versions]
        for address, versions in THREADS.items()
    }
    fill(original, sealed)  # type: ignore[arg-type]  # the same rows
    # Encrypted again each time, which is no difference.
    original.execute(
        "UPDATE ncanode_signature SET cms = %s WHERE id = 2",
        seal(THREADS["contract-1", "approval"][-1][0]),
    )
    moved = move(NCANODE_ENCRYPTION_KEY=write_key())
    assert moved.status == 0
    assert moved.report["no_signature"] == [[1, 1], [2, 2], [3, 1], [4, 1], [4, 2]]
    for address, versions in THREADS.items():
        assert [row["cms"] for row in read(client, *address)] == [cms for cms, *_ in versions]


@pytest.mark.parametrize("key", ["", write_key(bytes(32))])
def test_what_cannot_be_decrypted_is_left_out_whole_until_the_key_is_right(
    move: Move, original: OriginalServer, client: FlaskClient, key: str
) -> None:
    row = ("2024-01-01 00:00:00", None, None)
    original.save("plain", "main", [(SIGNED, *row)], ["a"])
    half = original.save("half", "main", [(SIGNED, *row), (seal(COSIGNED), *row)], ["a", "b"])
    early = original.save("early", "main", [(seal(SIGNED), *row)] * 2 + [(SIGNED, *row)], ["a"])
    moved = move(NCANODE_ENCRYPTION_KEY=key)
    assert (moved.status, moved.report["complete"]) == (1, False)
    assert found(moved.report) == {"undecryptable": [[half, 2], [early, 1], [early, 2]]}
    assert moved.reported.endswith("the move is NOT complete\n")
    why = "that can't be decrypted with the key" if key else "encrypted"
    assert f"3 versions {why}, left out with all of the thread" in moved.reported
    assert ("NCANODE_ENCRYPTION_KEY is not set" in moved.reported) is not bool(key)
    assert listed(client) == listed(client, "tags=a") == [("plain", "main")]
    assert listed(client, "tags=b") == []
    moved = move(NCANODE_ENCRYPTION_KEY=write_key())
    assert (moved.status, moved.report["moved_now"], found(moved.report)) == (0, 2, {})
    assert listed(client, "tags=a") == [("early", "main"), ("half", "main"), ("plain", "main")]
    assert get(client, document="half")["cms"] == COSIGNED


def test_an_altered_row_is_reported(move: Move, original: OriginalServer) -> None:
    sealed = seal(SIGNED)
    number = original.save("a", "main", [(sealed[:-1] + "x", "2024-01-01 00:00:00", None, None)])
    moved = move(NCANODE_ENCRYPTION_KEY=write_key())
    assert moved.status == 1
    assert found(moved.report) == {"undecryptable": [[number, 1]]}
    assert moved.reported.splitlines()[1] == "the original has 1 thread with 1 version"
    assert "1 version that can't be decrypted with the key, left out" in moved.reported


def test_what_is_here_already_is_not_overwritten_but_reported(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    fill(original)
    # Of another story, with an id that the original gave, and with a name that it has.
    save(client, document="other", cms=SIGNED)
    save(client, document="contract-1", thread="archive", cms=SIGNED)
    moved = move()
    assert moved.status == 1
    assert moved.report["taken"] == [1, 2, 3]
    assert (moved.report["moved_now"], moved.report["other_threads_here"]) == (1, 2)
    assert get(client, document="other")["cms"] == SIGNED
    assert get(client, document="contract-1", thread="archive")["cms"] == SIGNED


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ncanode_signature_version SET cms = 'other' WHERE id = 2 AND version = 1",
        "UPDATE ncanode_signature_version SET version_comment = NULL WHERE id = 2 AND version = 1",
        "UPDATE ncanode_signature SET version_created_by = 'c' WHERE id = 2",
        "UPDATE ncanode_signature SET updated_at = now() WHERE id = 2",
        "UPDATE ncanode_signature SET created_at = now() WHERE id = 2",
        "UPDATE ncanode_signature SET version_created_at = now() WHERE id = 2",
        "DELETE FROM ncanode_signature_tag WHERE signature_id = 2",
        "DELETE FROM ncanode_signature_version WHERE id = 2 AND version = 1",
        "UPDATE ncanode_signature SET version = 4 WHERE id = 2",
    ],
)
def test_each_difference_from_what_was_moved_before_is_reported(
    move: Move, original: OriginalServer, change: str
) -> None:
    fill(original)
    move()
    original.execute(change)
    moved = move()
    assert moved.status == 1
    assert found(moved.report).pop("different") == [2]


def test_a_current_version_that_is_kept_twice_and_unlike_is_reported(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    fill(original)
    original.execute("UPDATE ncanode_signature SET cms = 'answered' WHERE id = 2")
    moved = move()
    assert (moved.status, moved.report["head_differs"]) == (1, [[2, 3]])
    assert get(client, document="contract-1", thread="approval")["cms"] == "answered"


@pytest.mark.parametrize("version", [0, 4])
def test_versions_that_contradict_each_other_are_reported(
    move: Move, original: OriginalServer, client: FlaskClient, version: int
) -> None:
    fill(original)
    original.execute(
        "UPDATE ncanode_signature_version SET version = %s WHERE id = 2 AND version = 2", version
    )
    moved = move()
    assert (moved.status, moved.report["contradictory"]) == (1, [2])
    assert len(listed(client)) == 3


def test_versions_of_threads_that_are_gone_are_counted(
    move: Move, original: OriginalServer
) -> None:
    fill(original)
    original.execute(
        "ALTER TABLE ncanode_signature_version DROP CONSTRAINT ncanode_signature_version_id_fkey;"
        "DELETE FROM ncanode_signature WHERE id = 2"
    )
    moved = move()
    assert (moved.status, moved.report["stray_versions"]) == (1, 3)
    assert moved.report["versions"] == moved.report["versions_alike"] == 4


def test_more_tags_than_a_save_may_have_are_moved_and_reported(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    tags = [f"tag {number}" for number in range(201)]
    row = (SIGNED, "2024-01-01 00:00:00", None, None)
    number = original.save("many", "main", [row], tags)
    original.save("few", "main", [row], tags[:200])
    moved = move()
    assert (moved.status, found(moved.report)) == (0, {"many_tags": [number]})
    assert get(client, document="many", thread="main")["tags"] == tags
    assert listed(client, "tags=tag 200") == [("many", "main")]
    assert len(listed(client, "tags[]=tag 0&tags[]=tag 199&tags_mode=all")) == 2


def test_a_tag_without_a_name_is_no_tag(
    move: Move, original: OriginalServer, client: FlaskClient
) -> None:
    number = original.save("a", "main", [(SIGNED, "2024-01-01 00:00:00", None, None)], ["b"])
    original.execute(
        """INSERT INTO ncanode_tag (code) VALUES (NULL);
        INSERT INTO ncanode_signature_tag SELECT %s, id FROM ncanode_tag WHERE code IS NULL""",
        number,
    )
    assert move().status == 0
    assert get(client, document="a", thread="main")["tags"] == ["b"]
