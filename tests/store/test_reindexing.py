"""Versions whose signers were not read yet, as an older program left them."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial
from itertools import islice
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, event, func, select, update

from app.cms.files import open_file
from app.cms.parsing import parse
from app.store.database.engine import transaction
from app.store.models import (
    Signature,
    SignaturePair,
    SignatureTag,
    SignatureTerm,
    Signer,
    Version,
)
from app.store.search.criteria import Criteria
from app.store.search.tag_pairs import MAX_PAIRED
from app.store.signatures import reindexed, reindexing
from app.store.signatures.extraction import read_signing
from app.store.signatures.judgements import judge_again, write_found
from app.store.signatures.large_texts import Key
from app.store.signatures.reindexed import Reread
from app.store.signatures.reindexing import count_unread, reindex
from app.store.signatures.rows import Carried
from app.store.signatures.standings import PROVEN, REFUSED, Found, Standing
from tests.store.signings import (
    IVANOV,
    PETROVA,
    SAVED_AT,
    SIGNED_AT,
    SYDYKOV,
    Person,
    signed_by,
    signing_of,
)
from tests.store.threads import (
    all_at_once,
    find,
    index_of_tags,
    save,
    tags_of_current_versions,
)
from tests.store.threads import delete as delete_thread


@pytest.fixture(name="unread")
def forget(engine: Engine) -> Engine:
    """Save three threads, and leave of them what a program before this one kept."""
    save(engine, "a", cms=signed_by(IVANOV), tags=["x"])
    save(engine, "b", cms=signed_by(PETROVA))
    save(engine, "a", seen=1, cms=signed_by(IVANOV, PETROVA), tags=["x", "y"])
    save(engine, "c", cms="no signature")
    with engine.connect() as connection:
        connection.execute(delete(Signer))
        connection.execute(delete(SignatureTerm))
        nothing = {
            "terms": None,
            "signature_size": None,
            "signature_sha256": None,
            "content_sha256": None,
        }
        connection.execute(update(Version).values(nothing))
        connection.execute(update(Signature).values(claimed_signed_at=None))
    return engine


def unread_versions(engine: Engine) -> int:
    with engine.connect() as connection:
        return count_unread(connection)


def documents(engine: Engine, criteria: Criteria) -> list[str]:
    return [row.document for row in find(engine, criteria, limit=10)]


def rows_of_signers(engine: Engine) -> list[tuple[int, int, int]]:
    statement = select(Signer.signature_id, Signer.version, Signer.number)
    with engine.connect() as connection:
        return sorted((row[0], row[1], row[2]) for row in connection.execute(statement))


def test_what_was_not_read_is_read(unread: Engine) -> None:
    assert unread_versions(unread) == 4
    assert documents(unread, Criteria(iin=IVANOV[1])) == []
    assert list(reindex(unread)) == [(4, 1)]
    assert unread_versions(unread) == 0
    assert documents(unread, Criteria(iin=IVANOV[1])) == ["a"]
    assert documents(unread, Criteria(iin=PETROVA[1])) == ["b", "a"]
    assert documents(unread, Criteria(signed_from=SIGNED_AT, signed_to=SIGNED_AT)) == ["b", "a"]
    assert rows_of_signers(unread) == [(1, 1, 1), (1, 2, 1), (1, 2, 2), (2, 1, 1)]
    assert index_of_tags(unread) == tags_of_current_versions(unread)


def test_zero_bytes_behind_a_signature_are_removed(unread: Engine) -> None:
    padded = b64encode(b64decode(signed_by(IVANOV)) + bytes(9)).decode()
    of_c = Version.signature_id.in_(select(Signature.id).where(Signature.document == "c"))
    with unread.connect() as connection:
        connection.execute(update(Version).where(of_c).values(cms=padded))
    list(reindex(unread))
    assert documents(unread, Criteria(iin=IVANOV[1])) == ["c", "a"]
    with unread.connect() as connection:
        digest = connection.execute(select(Version.signature_sha256).where(of_c)).scalar()
    assert open_file(padded, digest).data == b64decode(signed_by(IVANOV))


def test_a_thread_without_a_public_id_gets_one(unread: Engine) -> None:
    statement = select(Signature.public_id).order_by(Signature.id)
    with unread.connect() as connection:
        before = connection.execute(statement).scalars().all()
        connection.execute(update(Signature).where(Signature.id > 1).values(public_id=None))
        list(reindex(unread))
        after = connection.execute(statement).scalars().all()
    assert after[0] == before[0]
    assert len({UUID(each) for each in after if each}) == 3


def test_it_may_be_stopped_and_goes_on_where_it_was(
    unread: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "BATCH", 1)
    assert list(islice(reindex(unread), 2)) == [(1, 0), (2, 0)]
    assert unread_versions(unread) == 2
    assert list(reindex(unread)) == [(1, 0), (2, 1)]
    assert unread_versions(unread) == 0


def test_all_may_be_read_again_and_nothing_changes(unread: Engine) -> None:
    list(reindex(unread))
    before = rows_of_signers(unread), find(unread, carried=Carried(signers=True))
    assert list(reindex(unread, everything=True)) == [(4, 1)]
    assert (rows_of_signers(unread), find(unread, carried=Carried(signers=True))) == before
    assert index_of_tags(unread) == tags_of_current_versions(unread)


def test_tags_that_the_indexes_lack_are_found_again(unread: Engine) -> None:
    save(unread, "many", tags=[f"{number}" for number in range(2 * MAX_PAIRED)])
    with unread.connect() as connection:
        connection.execute(delete(SignatureTag).where(SignatureTag.tag != "x"))
        connection.execute(delete(SignaturePair))
    list(reindex(unread, everything=True))
    assert index_of_tags(unread) == tags_of_current_versions(unread)


def test_a_save_after_it_supersedes_what_it_wrote(unread: Engine) -> None:
    list(reindex(unread))
    save(unread, "a", seen=2, cms="nobody")
    assert documents(unread, Criteria(iin=IVANOV[1])) == []
    with unread.connect() as connection:
        terms = connection.scalar(select(func.count()).select_from(SignatureTerm))
    assert terms
    assert index_of_tags(unread) == tags_of_current_versions(unread)


def test_a_save_before_it_leaves_an_earlier_version_to_be_read(unread: Engine) -> None:
    save(unread, "a", seen=2, cms="nobody")
    assert unread_versions(unread) == 4
    list(reindex(unread))
    assert documents(unread, Criteria(iin=IVANOV[1])) == []
    assert rows_of_signers(unread) == [(1, 1, 1), (1, 2, 1), (1, 2, 2), (2, 1, 1)]
    assert index_of_tags(unread) == tags_of_current_versions(unread)


def test_the_digest_of_a_detached_content_stays_known(engine: Engine) -> None:
    cms = signed_by(IVANOV, attached=False)
    signing = read_signing(parse(cms), SAVED_AT, "5" * 64)
    save(engine, "doc", cms=cms, signing=signing)
    list(reindex(engine, everything=True))
    assert documents(engine, Criteria(sha256="5" * 64)) == ["doc"]


def test_a_thread_without_a_public_id_gets_one_and_others_keep_theirs(engine: Engine) -> None:
    save(engine, "of before")
    save(engine, "of now")
    old = Signature.document == "of before"
    with engine.connect() as connection:
        connection.execute(update(Signature).where(old).values(public_id=None))
        kept = connection.scalar(select(Signature.public_id).where(~old))
        list(reindex(engine))
        found = connection.scalars(select(Signature.public_id).order_by(Signature.id)).all()
    assert found[1] == kept
    assert UUID(str(found[0])).version == 4


def test_batches_have_room_in_memory(unread: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "BATCH_SIZE", 1)
    assert [done.versions for done in reindex(unread)] == [1, 2, 3, 4]
    monkeypatch.setattr(reindexing, "BATCH_SIZE", 2 * len(signed_by(IVANOV)))
    assert [done.versions for done in reindex(unread, everything=True)] == [1, 2, 4]


def test_how_many_statements_there_are_does_not_depend_on_how_many_versions(
    engine: Engine,
) -> None:
    def count() -> int:
        executed: list[str] = []
        event.listen(engine, "before_cursor_execute", note := collect(executed))
        list(reindex(engine, everything=True))
        event.remove(engine, "before_cursor_execute", note)
        return len(executed)

    save_signed(engine, 3)
    few = count()
    save_signed(engine, 40)
    assert count() == few


def collect(executed: list[str]) -> Callable[..., None]:
    """Return what notes each statement that an engine executes."""

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        executed.append(statement)

    return note


def save_signed(engine: Engine, number: int) -> None:
    """Begin signed threads."""
    cms = signed_by(IVANOV)
    for place in range(number):
        save(engine, f"{number} {place}", cms=cms, signing=signing_of(cms))


def reread(signature_id: int, version: int, *people: Person) -> Reread:
    return Reread(signature_id, version, signing_of(signed_by(*people)))


def test_a_version_that_was_superseded_while_it_was_read_is_not_searched(unread: Engine) -> None:
    # What is written was read before the save that follows it.
    read = reread(2, 1, PETROVA)
    new = signed_by(SYDYKOV)
    save(unread, "b", seen=1, cms=new, signing=signing_of(new))
    with transaction(unread) as connection:
        reindexed.write(connection, [read])
    assert documents(unread, Criteria(iin=PETROVA[1])) == []
    assert documents(unread, Criteria(iin=SYDYKOV[1])) == ["b"]
    assert rows_of_signers(unread) == [(2, 1, 1), (2, 2, 1)]
    assert index_of_tags(unread) == tags_of_current_versions(unread)


def test_a_thread_that_was_deleted_while_it_was_read_stays_deleted(unread: Engine) -> None:
    read = [reread(1, 2, IVANOV, PETROVA), reread(2, 1, PETROVA)]
    delete_thread(unread, "b")
    with transaction(unread) as connection:
        reindexed.write(connection, read)
    assert documents(unread, Criteria(iin=PETROVA[1])) == ["a"]
    assert rows_of_signers(unread) == [(1, 2, 1), (1, 2, 2)]
    assert index_of_tags(unread) == tags_of_current_versions(unread)


def test_results_of_verification_stay_as_they_are_when_it_writes(unread: Engine) -> None:
    list(reindex(unread))
    read = reread(2, 1, PETROVA)
    refused = {1: Found(SAVED_AT, Standing(REFUSED, "proven meanwhile"), 5)}
    with transaction(unread) as connection:
        write_found(connection, [(Key(2, 1), refused)])
        reindexed.write(connection, [read])
    assert result_of(unread, 2) == (REFUSED, "proven meanwhile", SAVED_AT, None)


def test_who_is_to_be_verified_again_is_so_if_it_writes_at_that_time(unread: Engine) -> None:
    """A row that was deleted and added again was missed by the transaction that waited for it."""
    list(reindex(unread))
    valid = {1: Found(None, Standing(7), 5)}
    with transaction(unread) as connection:
        write_found(connection, [(Key(2, 1), valid)])

    def refuse() -> None:
        with transaction(unread) as connection:
            judge_again(connection, Key(2, 1), [1])

    refusing = Thread(target=refuse)
    with transaction(unread) as connection:
        reindexed.write(connection, [reread(2, 1, PETROVA)])
        refusing.start()
        refusing.join(0.5)
        assert refusing.is_alive()
    refusing.join(60)
    assert result_of(unread, 2) == (7, None, None, PROVEN)
    # Nor is it put behind what was not verified for long.
    list(reindex(unread, everything=True))
    assert result_of(unread, 2) == (7, None, None, PROVEN)


def test_signers_who_are_not_read_any_more_go(unread: Engine) -> None:
    list(reindex(unread))
    with transaction(unread) as connection:
        reindexed.write(connection, [reread(1, 2, PETROVA)])
    assert rows_of_signers(unread) == [(1, 1, 1), (1, 2, 1), (2, 1, 1)]
    assert documents(unread, Criteria(iin=IVANOV[1])) == []


def result_of(engine: Engine, signature_id: int) -> tuple[object, ...]:
    """Return what is stored of verifying the only signer of a version."""
    columns = Signer.standing, Signer.standing_reason, Signer.verified_gen_time
    statement = select(*columns, Signer.judged_against).where(Signer.signature_id == signature_id)
    with engine.connect() as connection:
        return tuple(connection.execute(statement).one())


@pytest.mark.slow
def test_saves_go_on_meanwhile(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "BATCH", 3)
    signed = [signed_by(IVANOV), signed_by(IVANOV, PETROVA), signed_by(SYDYKOV)]
    signings = [signing_of(cms) for cms in signed]

    def save_more(document: str) -> None:
        for seen in range(12):
            save(engine, document, seen=seen, cms=signed[seen % 3], signing=signings[seen % 3])

    def read_again() -> None:
        for _ in range(6):
            list(reindex(engine, everything=True))

    calls: list[Callable[[], None]] = [
        partial(save_more, "a"),
        partial(save_more, "b"),
        read_again,
        read_again,
    ]
    assert all_at_once(calls) == [None] * 4
    list(reindex(engine, everything=True))
    assert sorted(documents(engine, Criteria(iin=SYDYKOV[1]))) == ["a", "b"]
    assert documents(engine, Criteria(iin=IVANOV[1])) == []
    numbers = {1: [1], 2: [1, 2], 0: [1]}
    rows = rows_of_signers(engine)
    threads = sorted({row[0] for row in rows})
    assert len(threads) == 2  # On PostgreSQL a next version uses up an id: there are gaps.
    assert rows == [
        (thread, version, number)
        for thread in threads
        for version in range(1, 13)
        for number in numbers[version % 3]
    ]
    assert index_of_tags(engine) == tags_of_current_versions(engine)


def test_what_was_verified_stays_known(engine: Engine) -> None:
    cms = signed_by(IVANOV, PETROVA)
    signing = read_signing(parse(cms), SAVED_AT, found={2: Found(SIGNED_AT)})
    save(engine, cms=cms, signing=signing)
    list(reindex(engine, everything=True))
    statement = select(Signer.number, Signer.verified_gen_time).order_by(Signer.number)
    with engine.connect() as connection:
        assert connection.execute(statement).all() == [(1, None), (2, SIGNED_AT)]
