"""Counts that are kept: they are exact at every moment, whatever is saved, changed and deleted."""

import random
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.store.database.engine import snapshot, transaction
from app.store.errors import StoreError
from app.store.models import CountChange, KeptCount, Package, Signature, SignatureTag, SignatureTerm
from app.store.packages.listing import PackageCriteria, PackagePage, count_packages, list_packages
from app.store.packages.writing import delete_package
from app.store.persons.signings import Person, count_signings
from app.store.persons.statements import Kind
from app.store.search import counts, kept_counts, terms
from app.store.search.counts import LARGEST, Counted, count
from app.store.search.criteria import Criteria
from app.store.signatures import imported, reindexing
from app.store.signatures.writing import NewVersion, delete_chain, save_version
from tests.store.packages import CLAIMS
from tests.store.signings import IVANOV, PETROVA, SYDYKOV, signed_by, signing_of
from tests.store.threads import delete, index_of_tags, number_of, save

TAGS, STAGES, THREADS = ("a", "b", "c"), (None, "draft", "final"), ("main", "other")
SIGNATURES = [signed_by(*team) for team in ([IVANOV], [PETROVA], [IVANOV, SYDYKOV])]

#: Each thing whose count may be kept, and the rows of an index that it is the number of.
CRITERIA: list[tuple[Criteria, Any]] = [
    (Criteria(), select(func.count()).select_from(Signature)),
    *(
        (Criteria(tags=(tag,)), select(func.count()).where(SignatureTag.tag == tag))
        for tag in (*TAGS, "none")
    ),
    *(
        (Criteria(iin=who[1]), select(func.count()).where(SignatureTerm.term == terms.iin(who[1])))
        for who in (IVANOV, PETROVA)
    ),
    (
        Criteria(bin=PETROVA[3]),
        select(func.count()).where(SignatureTerm.term == terms.bin_(PETROVA[3] or "")),
    ),
    *(
        (Criteria(stage=stage), select(func.count()).where(Signature.stage == stage))
        for stage in STAGES[1:]
    ),
    (Criteria(thread="main"), select(func.count()).where(Signature.thread == "main")),
    (Criteria(document="doc 1"), select(func.count()).where(Signature.document == "doc 1")),
]


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep counts of a few threads, and advance them soon."""
    for name, number in (("MANY", 2), ("FAR", 3), ("CHANGED", 4)):
        monkeypatch.setattr(counts, name, number)
    monkeypatch.setattr(kept_counts, "PAUSE", timedelta(0))


def check(engine: Engine) -> int:
    """Compare all counts with the indexes', in one snapshot; return how many are kept."""
    with snapshot(engine) as connection:
        for criteria, rows in CRITERIA:
            number = connection.execute(rows).scalar_one()
            assert count(connection, criteria).number == number, criteria
        kept = select(func.count()).where(KeptCount.number.is_not(None))
        return connection.execute(kept).scalar_one()


def keep(engine: Engine, criteria: Criteria) -> bool:
    """Count as a request does; return whether the count was kept or advanced."""
    with engine.connect() as connection:
        _, to_keep = count(connection, criteria)
    return bool(to_keep) and kept_counts.keep(engine, *to_keep)


def any_version(chance: random.Random, document: str) -> tuple[NewVersion, Any]:
    """Return a version with any tags, stage and signers."""
    cms = chance.choice(SIGNATURES)
    tags = tuple(tag for tag in TAGS if chance.random() < 0.5)
    thread = THREADS[len(document) % 2]
    new = NewVersion(
        document=document, thread=thread, cms=cms, stage=chance.choice(STAGES), tags=tags
    )
    return new, signing_of(cms)


def change(engine: Engine, chance: random.Random, slow: float = 0.0) -> None:
    """Save, change or delete a thread; some of them take their time."""
    document = f"doc {chance.randrange(40)}"
    with transaction(engine) as connection:
        named = select(Signature.version, Signature.thread).where(Signature.document == document)
        found = connection.execute(named).first()
        if found and chance.random() < 0.4:
            delete_chain(connection, document, found.thread)
        else:
            seen = found.version if found else None
            save_version(connection, *any_version(chance, document), seen)
        if slow:
            time.sleep(chance.random() * slow)


@pytest.mark.slow
def test_they_stay_exact_through_saves_changes_and_deletions(engine: Engine) -> None:
    chance = random.Random(11)
    kept = 0
    for _ in range(250):
        change(engine, chance)
        if chance.random() < 0.3:
            keep(engine, chance.choice(CRITERIA)[0])
        kept = max(kept, check(engine))
    assert kept == len(CRITERIA) - 2  # Nothing has that tag, and one thread that document.
    index_of_tags(engine)


def writers(engine: Engine, seed: int, ended: Event) -> None:
    """Change threads until the end."""
    chance = random.Random(seed)
    while not ended.is_set():
        with suppress(StoreError, OperationalError):  # Another was first, or has SQLite's lock.
            change(engine, chance, slow=0.02)


def keepers(engine: Engine, seed: int, ended: Event) -> None:
    """Keep and advance counts until the end."""
    chance = random.Random(seed)
    while not ended.is_set():
        with suppress(SQLAlchemyError):  # Another one was first.
            keep(engine, chance.choice(CRITERIA)[0])


@pytest.mark.slow
def test_they_are_exact_in_every_snapshot_while_all_of_that_races(engine: Engine) -> None:
    kept = 0
    for turn in range(4):
        ended = Event()
        works = [*[writers] * 5, *[keepers] * 2]
        racers = [
            Thread(target=work, args=(engine, 100 * turn + number, ended))
            for number, work in enumerate(works)
        ]
        for racer in racers:
            racer.start()
        try:
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                kept = max(kept, check(engine))
        finally:
            ended.set()
            for racer in racers:
                racer.join(30)
        check(engine)
        index_of_tags(engine)
    assert kept > 5


def save_some(engine: Engine, number: int, first: int = 0) -> None:
    """Save threads with a tag."""
    for document in range(first, first + number):
        save(engine, f"{document}", tags=["a"], stage="draft")


KEPT = [Criteria(), Criteria(tags=("a",)), Criteria(stage="draft"), Criteria(thread="main")]


def changes_of(engine: Engine) -> list[tuple[str, int, int]]:
    """Return what was noted."""
    columns = CountChange.key, CountChange.signature_id, CountChange.change
    with engine.connect() as connection:
        rows = connection.execute(select(*columns))
        return sorted((row.key, row.signature_id, row.change) for row in rows)


def uptos(engine: Engine) -> set[str]:
    """Return the documents of the threads up to whose ids counts are kept."""
    kept = select(Signature.document).where(Signature.id.in_(select(KeptCount.upto)))
    with engine.connect() as connection:
        return set(connection.execute(kept).scalars())


def test_a_new_thread_writes_nothing_and_an_old_one_what_it_loses_or_gains(engine: Engine) -> None:
    save_some(engine, 4)
    for criteria in KEPT:
        assert keep(engine, criteria)
    assert uptos(engine) == {"3"}
    save_some(engine, 3, first=4)
    assert changes_of(engine) == []
    # Below the id of the counts, and above it.
    save(engine, "0", seen=1, tags=["b"], stage="draft")
    save(engine, "6", seen=1, tags=["a"], stage="final")
    delete(engine, "1")
    delete(engine, "5")
    assert [one for one in changes_of(engine) if one[1] in (1, 2)] == [
        ("all", 2, -1),
        ("stage:draft", 2, -1),
        ("tag:a", 1, -1),
        ("tag:a", 2, -1),
        ("thread:main", 2, -1),
    ]
    numbers = [5, 4, 4, 5]
    assert [number_of(engine, criteria) for criteria in KEPT] == numbers
    save_some(engine, 4, first=7)
    for criteria in KEPT:
        assert keep(engine, criteria)
    assert uptos(engine) == {"10"}
    assert changes_of(engine) == []
    assert [number_of(engine, criteria) for criteria in KEPT] == [one + 4 for one in numbers]
    save(engine, "0", seen=2, tags=["a"], stage="draft")
    assert changes_of(engine) == [("tag:a", 1, 1)]
    assert number_of(engine, Criteria(tags=("a",))) == 9


def test_what_is_deleted_at_the_end_moves_no_count_back(engine: Engine) -> None:
    save_some(engine, 8)
    assert keep(engine, Criteria())
    for document in range(3, 8):
        delete(engine, str(document))
    assert number_of(engine, Criteria()) == 3
    assert keep(engine, Criteria())
    assert changes_of(engine) == []
    save_some(engine, 2, first=8)
    assert number_of(engine, Criteria()) == 5


def test_few_are_counted_each_time(engine: Engine) -> None:
    save_some(engine, 2)
    for criteria in KEPT:
        with engine.connect() as connection:
            assert count(connection, criteria) == (2, ())
    assert uptos(engine) == set()


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(tags=("a", "b")),
        Criteria(tags=("a",), stage="draft"),
        Criteria(signed_from=datetime(2001, 1, 1, tzinfo=UTC)),
        Criteria(name="абвгд"),
    ],
)
def test_of_several_filters_or_a_range_nothing_is_kept(engine: Engine, criteria: Criteria) -> None:
    save_some(engine, 5)
    with engine.connect() as connection:
        assert count(connection, criteria).to_keep == ()


def test_a_moment_after_an_attempt_there_is_no_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_counts, "PAUSE", timedelta(minutes=1))
    save_some(engine, 5)
    assert keep(engine, Criteria())
    save_some(engine, 5, first=5)
    assert not keep(engine, Criteria())
    assert number_of(engine, Criteria()) == 10
    assert uptos(engine) == {"4"}


def test_there_are_no_more_than_some_and_one_that_is_disused_gives_way(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_counts, "MOST", 2)
    save_some(engine, 5)
    assert [keep(engine, criteria) for criteria in KEPT] == [True, True, False, False]
    delete(engine, "0")
    with engine.connect() as connection:
        old = datetime.now(UTC) - timedelta(days=2)
        connection.execute(update(KeptCount).where(KeptCount.key == "tag:a").values(tried_at=old))
    assert keep(engine, KEPT[2])
    assert {key for key, *_ in changes_of(engine)} == {"all"}
    assert [number_of(engine, criteria) for criteria in KEPT] == [4, 4, 4, 4]
    assert not keep(engine, KEPT[3])


def test_a_late_attempt_moves_no_count_back(engine: Engine) -> None:
    save_some(engine, 8)
    assert keep(engine, Criteria())
    with transaction(engine) as connection:
        assert not kept_counts._count_anew(connection, Counted("all"), 5)
    assert uptos(engine) == {"7"}
    assert number_of(engine, Criteria()) == 8


@pytest.fixture(name="postgresql")
def on_postgresql(open_engine: Any, postgresql_url: str) -> Engine:
    """Provide an engine on PostgreSQL, where writers run beside each other."""
    found: Engine = open_engine(postgresql_url)
    return found


def begin_slowly(connection: Connection, document: str) -> None:
    """Begin a thread, and leave it unfinished."""
    new = NewVersion(document=document, thread="main", cms="CMS", tags=("a",))
    save_version(connection, new, signing_of(SIGNATURES[0]), None)


def test_nothing_is_kept_while_a_save_with_a_lower_id_is_unfinished(
    postgresql: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_counts, "PATIENCE", 0.1)
    save_some(postgresql, 3)
    with transaction(postgresql) as connection:
        begin_slowly(connection, "slow")
        save_some(postgresql, 2, first=3)
        assert not keep(postgresql, Criteria())
        assert number_of(postgresql, Criteria()) == 5
    assert number_of(postgresql, Criteria()) == 6
    assert keep(postgresql, Criteria())
    assert number_of(postgresql, Criteria()) == 6


def test_a_deletion_that_began_before_the_count_is_waited_for(postgresql: Engine) -> None:
    save_some(postgresql, 5)
    with transaction(postgresql) as connection:
        # As `delete_chain` begins, which has not seen whether a count is kept.
        named = select(Signature.id).where(Signature.document == "1").with_for_update()
        connection.execute(named)
        keeping = Thread(target=partial(keep, postgresql, Criteria()))
        keeping.start()
        time.sleep(0.2)
        assert keeping.is_alive()
        delete_chain(connection, "1", "main")
    keeping.join(30)
    assert number_of(postgresql, Criteria()) == 4
    assert uptos(postgresql) == {"4"}


def test_what_is_moved_here_with_its_ids_is_counted(engine: Engine) -> None:
    save_some(engine, 5)
    with transaction(engine) as connection:
        imported.reserve_ids(connection, 100, None)
    save_some(engine, 2, first=5)
    for criteria in KEPT:
        assert keep(engine, criteria)
    now = datetime.now(UTC)
    with transaction(engine) as connection:
        heads = [imported.Head(50, "moved", "main", 1, now, now)]
        assert imported.begin(connection, heads) == {50}
        one = imported.Imported(
            signature_id=50,
            version=1,
            cms=SIGNATURES[0],
            created_by=None,
            comment=None,
            tags=["a"],
            created_at=now,
            signing=signing_of(SIGNATURES[0]),
        )
        imported.add_versions(connection, [one])
        imported.finish(connection, {50})
    assert [number_of(engine, criteria) for criteria in KEPT] == [8, 8, 7, 8]


def test_what_is_read_again_is_counted(engine: Engine) -> None:
    for number in range(5):
        # Saved without what its signature says.
        save(engine, str(number), cms=SIGNATURES[number % 2])
        save(engine, f"read {number}", cms=SIGNATURES[0], signing=signing_of(SIGNATURES[0]))
    criteria = Criteria(iin=IVANOV[1])
    before = number_of(engine, criteria)
    assert keep(engine, criteria)
    with engine.connect() as connection:
        connection.execute(text("UPDATE signatures SET version = version"))
    assert list(reindexing.reindex(engine, everything=True))
    with engine.connect() as connection:
        rows = select(func.count()).where(SignatureTerm.term == terms.iin(IVANOV[1]))
        assert number_of(engine, criteria) == connection.execute(rows).scalar_one() >= before


def test_all_rows_are_within_the_bounds_of_ids() -> None:
    assert counts.LOWEST < 0 < LARGEST


PACKAGES = PackageCriteria()


def put_packages(engine: Engine, first: int, behind: int) -> None:
    """Add packages, each a minute older than the one before, but for some of the same time."""
    with engine.connect() as connection:
        for number in range(first, behind):
            values = {
                "public_id": f"00000000-0000-4000-8000-{number:012}",
                "type": "concurrent",
                "thread": "main",
                "generate_links": False,
                "link_key": "",
                "created_at": datetime(2026, 1, 1, tzinfo=UTC) - timedelta(minutes=number // 2),
            }
            connection.execute(insert(Package).values(values))


def number_of_packages(engine: Engine) -> int:
    """Count packages as a list does."""
    with engine.connect() as connection:
        number, to_keep = count_packages(connection, PACKAGES, CLAIMS)
    kept_counts.keep_each(engine, to_keep)
    return number


def test_packages_are_counted_alike(engine: Engine) -> None:
    put_packages(engine, 0, 6)
    assert number_of_packages(engine) == 6
    with engine.connect() as connection:
        delete_package(connection, "00000000-0000-4000-8000-000000000003")
    put_packages(engine, 6, 8)
    assert number_of_packages(engine) == 7
    assert changes_of(engine) == [("packages", 4, -1)]
    put_packages(engine, 8, 12)
    assert [number_of_packages(engine) for _ in range(2)] == [11, 11]
    assert changes_of(engine) == []


def test_the_ids_of_packages_make_no_thread_an_old_one(engine: Engine) -> None:
    save_some(engine, 4)
    assert keep(engine, Criteria())
    put_packages(engine, 0, 20)
    assert number_of_packages(engine) == 20
    save_some(engine, 2, first=4)
    assert changes_of(engine) == []
    assert number_of(engine, Criteria()) == 6


def test_a_page_of_packages_is_in_the_order_of_time_and_then_of_id(engine: Engine) -> None:
    put_packages(engine, 0, 9)
    expected = sorted(range(9), key=lambda number: (-(number // 2), number), reverse=True)
    for descending in (True, False):
        page = PackagePage(descending=descending, limit=5, offset=2)
        with snapshot(engine) as connection:
            found = [
                int(one.public_id[-2:]) for one in list_packages(connection, PACKAGES, page, CLAIMS)
            ]
        assert found == (expected if descending else expected[::-1])[2:7]


@pytest.mark.parametrize("kinds", [("iin",), ("iin", "bin")])
def test_signings_of_a_person_are_counted_alike(engine: Engine, kinds: tuple[Kind, ...]) -> None:
    for number in range(6):
        cms = SIGNATURES[0]
        save(engine, str(number), cms=cms, signing=signing_of(cms))
    numbers = []
    for document in (None, "2", "4"):
        if document:
            delete(engine, document)
        with engine.connect() as connection:
            number, to_keep = count_signings(connection, Person(IVANOV[1], kinds))
        kept_counts.keep_each(engine, to_keep)
        numbers.append(number)
    assert numbers == [6, 5, 4]
    assert len(changes_of(engine)) == 2
