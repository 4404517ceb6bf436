"""How a thread's chain of versions grows and goes."""

from datetime import UTC, timedelta
from random import Random

import pytest
from sqlalchemy import Engine, insert, select

from app.store.database.engine import saving, transaction
from app.store.database.types import utc_now
from app.store.errors import SignatureNotFound, VersionConflict, VersionNotSet
from app.store.models import Version
from app.store.signatures.extraction import read_text
from app.store.signatures.writing import NewVersion, save_version
from tests.store.signings import IVANOV, PETROVA, signed_by, signing_of
from tests.store.threads import (
    delete,
    find,
    get,
    index_of_tags,
    save,
    stored_versions,
    tags_of_current_versions,
    versions,
)


def test_a_first_save_begins_a_thread_with_version_1(engine: Engine) -> None:
    saved = save(
        engine,
        cms="first",
        stage="draft",
        created_by="somebody",
        comment="a comment",
        tags=["b", "a"],
    )
    assert (saved.id, saved.document, saved.thread, saved.version) == (1, "doc", "main", 1)
    assert (saved.stage, saved.created_by, saved.comment) == ("draft", "somebody", "a comment")
    assert saved.cms == "first"
    assert saved.tags == ["b", "a"]
    assert saved.created_at == saved.updated_at == saved.version_created_at


def test_what_is_saved_is_what_is_read(engine: Engine) -> None:
    saved = save(engine, stage="draft", created_by="somebody", comment="why", tags=["b", "a"])
    assert get(engine) == saved
    following = save(engine, seen=1, cms="second", tags=["a", "ё"])
    assert get(engine) == following


@pytest.mark.parametrize("seen", [None, 0, 1, 7, -3, 2**31 - 1])
def test_a_new_thread_ignores_the_version(engine: Engine, seen: int | None) -> None:
    assert save(engine, seen=seen).version == 1


def test_the_next_version_keeps_the_id_and_the_moment_of_creation(engine: Engine) -> None:
    first = save(engine)
    second = save(engine, seen=1, cms="second")
    assert (second.id, second.version, second.cms) == (first.id, 2, "second")
    assert second.created_at == first.created_at
    assert second.updated_at == second.version_created_at >= first.updated_at


def test_versions_are_numbered_without_a_gap(engine: Engine) -> None:
    for seen in range(6):
        assert save(engine, seen=seen).version == seen + 1
    assert stored_versions(engine) == [(1, number) for number in range(1, 7)]


@pytest.mark.parametrize("seen", [None, 0])
def test_a_save_to_an_existing_thread_must_say_a_version(engine: Engine, seen: int | None) -> None:
    save(engine, cms="first")
    with pytest.raises(VersionNotSet):
        save(engine, seen=seen, cms="second")
    assert [version.cms for version in versions(engine)] == ["first"]


@pytest.mark.parametrize("seen", [1, 3, -2, 2**31 - 1])
def test_a_version_that_is_not_the_current_one_is_a_conflict(engine: Engine, seen: int) -> None:
    save(engine)
    save(engine, seen=1, cms="second", tags=["kept"])
    with pytest.raises(VersionConflict):
        save(engine, seen=seen, cms="third", tags=["lost"])
    assert get(engine).cms == "second"
    assert index_of_tags(engine) == {(1, "kept")}
    assert stored_versions(engine) == [(1, 1), (1, 2)]


def test_threads_of_one_document_have_chains_of_their_own(engine: Engine) -> None:
    save(engine, thread="main")
    other = save(engine, thread="other")
    save(engine, thread="main", seen=1)
    assert (other.id, other.version) == (2, 1)
    assert get(engine, thread="main").version == 2


def test_one_thread_name_in_two_documents_is_two_threads(engine: Engine) -> None:
    first, second = save(engine, document="a"), save(engine, document="b")
    assert first.id != second.id
    assert second.version == 1


@pytest.mark.parametrize(
    ("one", "other"), [("doc", "Doc"), ("ё", "е\u0308"), ("а", "a"), ("i", "İ"), ("ß", "ss")]
)
def test_names_that_differ_in_any_character_are_different(
    engine: Engine, one: str, other: str
) -> None:
    save(engine, document=one)
    assert save(engine, document=other).version == 1


def test_tags_of_a_save_replace_those_before(engine: Engine) -> None:
    save(engine, tags=["a", "b"])
    save(engine, seen=1, tags=["c", "b"])
    assert get(engine).tags == ["c", "b"]
    assert index_of_tags(engine) == {(1, "b"), (1, "c")}


def test_a_save_without_tags_leaves_none(engine: Engine) -> None:
    save(engine, tags=["a", "b"])
    save(engine, seen=1)
    assert get(engine).tags == []
    assert index_of_tags(engine) == set()


def test_earlier_versions_keep_their_tags(engine: Engine) -> None:
    sent = [["a", "b"], [], ["b", "a"], ["c"]]
    for seen, tags in enumerate(sent):
        save(engine, seen=seen, tags=tags)
    assert [version.tags for version in reversed(versions(engine))] == sent


def test_an_earlier_version_keeps_all_that_it_was_saved_with(engine: Engine) -> None:
    first = save(engine, cms="first", stage="draft", created_by="A", comment="why", tags=["a"])
    save(engine, seen=1, cms="second", stage="final", created_by="B", comment="so", tags=["b"])
    kept = get(engine, version=1)
    assert kept._replace(updated_at=first.updated_at) == first


def test_a_later_version_inherits_nothing(engine: Engine) -> None:
    save(engine, stage="draft", created_by="A", comment="why", tags=["a"])
    second = save(engine, seen=1)
    assert (second.stage, second.created_by, second.comment, second.tags) == (None, None, None, [])
    assert get(engine) == second


def test_the_index_of_tags_is_that_of_the_current_versions(engine: Engine) -> None:
    save(engine, "one", tags=["a", "b"])
    save(engine, "two", tags=["b", "c"])
    save(engine, "one", seen=1, tags=["b", "d"])
    save(engine, "three", tags=["a"])
    save(engine, "two", seen=1)
    save(engine, "two", seen=2, tags=["c", "a", "ё"])
    delete(engine, "three")
    expected = {(1, "b"), (1, "d"), (2, "a"), (2, "c"), (2, "ё")}
    assert index_of_tags(engine) == tags_of_current_versions(engine) == expected


@pytest.mark.parametrize("tag", [*"%_*'\"\\", "a,b", "[]", "{}", "null", "\u2028"])
def test_any_text_is_a_tag(engine: Engine, tag: str) -> None:
    save(engine, tags=[tag, "other"])
    assert get(engine).tags == [tag, "other"]
    assert index_of_tags(engine) == {(1, tag), (1, "other")}
    save(engine, seen=1, tags=["other"])
    assert index_of_tags(engine) == {(1, "other")}


def test_the_indexes_follow_whatever_is_saved(engine: Engine) -> None:
    chance = Random(5)
    signatures = [signed_by(IVANOV), signed_by(PETROVA), signed_by(IVANOV, PETROVA)]
    for seen in range(30):
        tags = chance.sample("abcdё", chance.randrange(5))
        cms = chance.choice(signatures)
        save(engine, seen=seen, tags=tags, cms=cms, signing=signing_of(cms))
        assert index_of_tags(engine) == tags_of_current_versions(engine) == {(1, t) for t in tags}


def test_a_thread_may_have_many_tags(engine: Engine) -> None:
    tags = [f"tag {number}" for number in range(200)]
    save(engine, tags=tags)
    assert get(engine).tags == tags
    save(engine, seen=1, tags=tags[::-1][:150])
    assert index_of_tags(engine) == tags_of_current_versions(engine)
    assert len(index_of_tags(engine)) == 150


def test_a_deletion_removes_the_head_all_versions_and_tags(engine: Engine) -> None:
    save(engine, tags=["a"])
    save(engine, "other", tags=["b"])
    save(engine, seen=1, tags=["b", "c"])
    delete(engine)
    with pytest.raises(SignatureNotFound):
        get(engine)
    assert versions(engine) == []
    assert stored_versions(engine) == [(2, 1)]
    assert index_of_tags(engine) == {(2, "b")}


@pytest.mark.parametrize("thread", ["other", "Main", "main ", "%", ""])
def test_a_thread_that_is_not_there_can_not_be_deleted(engine: Engine, thread: str) -> None:
    save(engine)
    with pytest.raises(SignatureNotFound):
        delete(engine, thread=thread)
    assert get(engine).version == 1


def test_a_second_deletion_finds_nothing(engine: Engine) -> None:
    save(engine)
    delete(engine)
    with pytest.raises(SignatureNotFound):
        delete(engine)


def test_a_thread_begins_again_after_its_deletion(engine: Engine) -> None:
    old = save(engine, tags=["old"])
    save(engine, seen=1)
    delete(engine)
    new = save(engine, seen=2, tags=["new"])
    assert new.version == 1
    assert new.id > old.id
    assert new.created_at >= old.created_at
    assert versions(engine) == [new]
    assert index_of_tags(engine) == {(new.id, "new")}


def test_an_id_is_never_used_again(engine: Engine) -> None:
    used = []
    for _ in range(3):
        used += [save(engine, "a").id, save(engine, "b").id]
        delete(engine, "b")
        delete(engine, "a")
    assert used == sorted(set(used))


def test_a_refused_save_leaves_no_trace(engine: Engine) -> None:
    save(engine, tags=["a"])
    with pytest.raises(VersionConflict):
        save(engine, seen=5, tags=["b"])
    assert get(engine).tags == ["a"]
    assert index_of_tags(engine) == {(1, "a")}


def test_a_signature_is_kept_to_the_character(engine: Engine) -> None:
    cms = "\ufeff  a\r\nb\rc\n\t\u2028'\"\\%s %(x)s :y {z} 😀\x01\x7f \u00a0"
    assert save(engine, cms=cms).cms == cms
    assert get(engine).cms == cms


def test_a_signature_may_have_megabytes(engine: Engine) -> None:
    cms = "MIIB" * 1_000_000
    save(engine, cms=cms)
    assert get(engine).text == cms


def test_moments_are_aware_and_in_utc(engine: Engine) -> None:
    save(engine)
    save(engine, seen=1)
    for record in [get(engine), get(engine, version=1), *versions(engine), *find(engine)]:
        for moment in (record.created_at, record.updated_at, record.version_created_at):
            assert moment.tzinfo is not None
            assert moment.utcoffset() == timedelta(0)
            assert moment == moment.astimezone(UTC)


def test_the_moments_of_a_thread_are_those_of_its_versions(engine: Engine) -> None:
    for seen in range(3):
        save(engine, seen=seen)
    newest, *_, oldest = versions(engine)
    assert newest.created_at == oldest.version_created_at
    assert newest.updated_at == newest.version_created_at
    with engine.connect() as connection:
        kept = connection.scalars(select(Version.created_at).order_by(Version.version)).all()
    assert kept == sorted(kept)


def test_a_save_that_fails_half_way_writes_nothing(engine: Engine) -> None:
    save(engine, tags=["a"])
    # A row in the way of the next version makes its second step fail.
    with transaction(engine) as connection:
        row = {"signature_id": 1, "version": 2, "cms": "", "tags": [], "created_at": utc_now()}
        connection.execute(insert(Version).values(row))
    new = NewVersion(document="doc", thread="main", cms="second", tags=("b",))
    with pytest.raises(Exception, match=r"(?i)unique"), saving(engine) as connection:
        save_version(connection, new, read_text("second"), 1)
    assert get(engine).tags == ["a"]
    assert index_of_tags(engine) == {(1, "a")}
