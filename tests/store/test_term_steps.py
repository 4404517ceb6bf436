"""Steps 0010 and 0013: what threads are found by is rewritten, whatever happens meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select, text

from app.store import migrations
from app.store.backups.archive import Archive
from app.store.backups.restoring import restore
from app.store.backups.tables import Place
from app.store.backups.taking import back_up
from app.store.migrations import batches, migrating, term_lists, upgrade
from app.store.models import SignatureTerm, Version
from app.store.search.counts import count
from app.store.search.criteria import Criteria
from app.store.search.terms import fold
from app.store.signatures.extraction import read_text
from app.store.signatures.reindexing import reindex
from tests.conftest import EngineMaker
from tests.store.old_terms import delete_old, old_terms, save_old
from tests.store.signings import IVANOV, PETROVA, SYDYKOV, Person, signed_by, signing_of
from tests.store.threads import (
    delete,
    find,
    index_of_tags,
    save,
    tags_of_current_versions,
)

STEP: Any = import_module("app.store.migrations.versions.0013_short_search_terms")
#: The steps of programs whose terms differ.
STEPS = ("0009", "0010")
#: The only one whose name had no row of its own as a whole; and one of few letters.
NURLAN: Person = ("АБДРАХМАНОВ-СЕЙДАХМЕТОВ НУРЛАН", "870808300019", None, None)
LI: Person = ("ЛИ", "880808300012", None, None)
#: An organisation whose name is like a kind of terms of before, and has quotes.
QUOTED: Person = ('ERSON:ТОО "FORTE","VOLT"', "850505300016", 'ТОО "V"', "060240007891")
TEAMS: list[list[Person]] = [
    [IVANOV],
    [NURLAN, PETROVA],
    [LI, SYDYKOV],
    [NURLAN],
    [QUOTED, IVANOV],
]
START = datetime(2021, 12, 30, 12, tzinfo=UTC)


class Saved(NamedTuple):
    """Who signed the current version of a thread, when, and what."""

    team: list[Person]
    moment: datetime
    cms: str


def signed(team: list[Person], number: int) -> Saved:
    moment = START + timedelta(days=number * 9, hours=number)
    content = f"content {number % 4}".encode()
    return Saved(team, moment, signed_by(*team, at=moment, content=content))


@pytest.fixture(name="step", params=STEPS)
def step_before(request: pytest.FixtureRequest) -> str:
    """Provide each of the steps."""
    step: str = request.param
    return step


@pytest.fixture(name="filled")
def filled_before(open_engine: EngineMaker, empty_url: str, step: str) -> Engine:
    """Provide a database of a step before, with threads."""
    engine = open_engine(empty_url)
    run(engine, command.upgrade, step)
    fill(engine, step)
    return engine


def fill(engine: Engine, step: str) -> dict[str, Saved]:
    """Save threads, and next versions of some; return them by their documents."""
    saved = {}
    for number, team in enumerate(TEAMS * 3):
        saved[f"{number}"] = store(engine, f"{number}", step, team, number)
        if number % 4 == 0:
            saved[f"{number}"] = store(engine, f"{number}", step, TEAMS[number % 3], number + 1)
    save_old(engine, "text", "text", read_text("text"), step)
    return saved


def store(engine: Engine, document: str, step: str, team: list[Person], number: int = 0) -> Saved:
    one = signed(team, number)
    save_old(engine, document, one.cms, signing_of(one.cms), step)
    return one


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(term_lists, "BATCH", 3)
    monkeypatch.setattr(STEP, "SWEPT", 40)


def run(engine: Engine, change: Callable[[Config, str], None], step: str) -> None:
    """Bring a database to a step."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(migrations.__file__).parent))
    settings.attributes.update(engine=engine, schema=None)
    change(settings, step)


def rows(engine: Engine) -> list[tuple[str, int]]:
    with engine.connect() as connection:
        found = connection.execute(select(SignatureTerm.term, SignatureTerm.signature_id)).all()
    return sorted((row.term, row.signature_id) for row in found)


def lists(engine: Engine) -> dict[tuple[int, int], list[str]]:
    statement = select(Version.signature_id, Version.version, Version.terms)
    with engine.connect() as connection:
        return {(one[0], one[1]): one[2] or [] for one in connection.execute(statement)}


def require_as_saved_now(engine: Engine) -> None:
    """Require that rows and lists are as if they had been saved now."""
    require_terms_of_lists(engine)
    before = rows(engine)
    assert [term for term, _ in before if term >= "a"] == []
    current = lists(engine)
    list(reindex(engine, everything=True))
    assert rows(engine) == before
    after = lists(engine)
    ids = {one for _, one in before}
    newest = {one: max(version for key, version in after if key == one) for one in ids}
    assert [current[key] for key in newest.items()] == [after[key] for key in newest.items()]


def require_terms_of_lists(engine: Engine) -> None:
    assert index_of_tags(engine) == tags_of_current_versions(engine)


def documents(engine: Engine, **filters: Any) -> set[str]:
    return {row.document for row in find(engine, Criteria(**filters), limit=99)}


@pytest.mark.slow
def test_rows_and_lists_become_what_a_save_makes_of_them(filled: Engine) -> None:
    before = rows(filled)
    upgrade(filled)
    require_as_saved_now(filled)
    assert len(rows(filled)) < 0.7 * len(before)
    assert sum(len(term) for term, _ in rows(filled)) < 0.5 * sum(len(term) for term, _ in before)
    again = rows(filled)
    upgrade(filled)
    assert rows(filled) == again


def filters_of(saved: dict[str, Saved]) -> Iterator[tuple[Criteria, set[str]]]:
    """Return a search of each kind, and the documents that a look at every thread finds."""

    def those(meets: Callable[..., bool], *given: Any) -> set[str]:
        return {document for document, one in saved.items() if meets(one, *given)}

    for name, iin, _, number in {person for team in TEAMS for person in team}:
        yield Criteria(iin=iin), those(_has_number, 1, iin)
        if number:
            yield Criteria(bin=number), those(_has_number, 3, number)
        for length in range(1, len(name) + 1):
            yield Criteria(name=name[:length]), those(_has_name, fold(name[:length]))
    for one in saved.values():
        digest = signing_of(one.cms).signature_sha256
        yield Criteria(sha256=digest), those(lambda each, cms: each.cms == cms, one.cms)
    for content in {signing_of(one.cms).content_sha256 or "" for one in saved.values()}:
        yield Criteria(sha256=content.upper()), those(_has_content, content)
    for criteria, start, end in _periods():
        yield criteria, those(_is_within, start, end)


def _periods() -> Iterator[tuple[Criteria, datetime, datetime]]:
    """Return searches by periods, and what each begins and ends with."""
    chance = random.Random(3)
    long_ago, late = datetime(1990, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
    days = [START + timedelta(days=chance.randrange(-20, 180)) for _ in range(9)]
    days += [day.replace(day=1, hour=0) for day in days[:3]]
    for start, end in product([long_ago, *days], [late, *days]):
        yield Criteria(signed_from=start, signed_to=end), start, end
    for day in days:
        yield Criteria(signed_from=day, tags=("a",)), day, late
        yield Criteria(signed_to=day, thread="main"), long_ago, day


def _has_number(one: Saved, place: int, number: str) -> bool:
    return any(person[place] == number for person in one.team)


def _has_name(one: Saved, beginning: str) -> bool:
    return any(fold(person[0]).startswith(beginning) for person in one.team)


def _has_content(one: Saved, digest: str) -> bool:
    return signing_of(one.cms).content_sha256 == digest


def _is_within(one: Saved, start: datetime, end: datetime) -> bool:
    return start <= one.moment <= end


@pytest.mark.slow
def test_each_search_finds_what_a_look_at_every_thread_finds(
    open_engine: EngineMaker, empty_url: str, step: str
) -> None:
    engine = open_engine(empty_url)
    run(engine, command.upgrade, step)
    saved = fill(engine, step)
    upgrade(engine)
    with engine.connect() as connection:
        for criteria, expected in filters_of(saved):
            assert {row.document for row in find(engine, criteria, limit=99)} == expected, criteria
            assert count(connection, criteria).number == len(expected), criteria


@pytest.mark.slow
def test_it_continues_where_it_was_killed(
    filled: Engine, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter(range(0))

    def killed(done: Callable[..., Any]) -> Callable[..., Any]:
        def run_then_die(*arguments: Any) -> Any:
            result = done(*arguments)
            if next(left, None) is None:
                raise KeyboardInterrupt
            return result

        return run_then_die

    monkeypatch.setattr(term_lists, "_write", killed(term_lists._write))
    monkeypatch.setattr(STEP, "sweep", killed(STEP.sweep))
    deaths, is_done = 0, False
    while not is_done:
        left = iter(range(deaths))
        try:
            upgrade(filled)
            is_done = True
        except KeyboardInterrupt:
            deaths += 1
            require_that_no_row_is_missing(filled)
            _change_meanwhile(filled, step, deaths)
    assert deaths > 3
    require_as_saved_now(filled)


def require_that_no_row_is_missing(engine: Engine) -> None:
    """Require that no old or new program misses a row of a list; SQLite sweeps rows first."""
    if engine.dialect.name == "postgresql":
        require_terms_of_lists(engine)


def _change_meanwhile(engine: Engine, step: str, deaths: int) -> None:
    """Save and delete, by a program of before, or of now once the step is done."""
    document = f"{deaths % 15}"
    if list(steps(engine)) == [step]:
        if deaths == 2:
            delete_old(engine, document)
        else:
            store(engine, document, step, TEAMS[deaths % 5], deaths)
        return
    found = find(engine, Criteria(document=document))
    assert documents(engine, name="абд") == documents(engine, name="абдр")
    if found and deaths % 5 == 0:
        delete(engine, document)
    elif found:
        cms = signed_by(*TEAMS[deaths % 5])
        save(engine, document, seen=found[0].version, cms=cms, signing=signing_of(cms), tags=["a"])


@pytest.mark.slow
def test_servers_of_before_may_save_meanwhile_and_afterwards(filled: Engine, step: str) -> None:
    def begin() -> Any:
        return migrating(filled, None)

    before = set(rows(filled))
    batches.prepare(begin, None)
    assert set(rows(filled)) > before
    store(filled, "1", step, [LI])
    store(filled, "new", step, [IVANOV])
    delete_old(filled, "2")
    require_terms_of_lists(filled)
    upgrade(filled)
    require_as_saved_now(filled)
    store(filled, "3", step, [LI])
    store(filled, "newer", step, [IVANOV])
    upgrade(filled)
    require_as_saved_now(filled)
    assert documents(filled, name="ива") >= {"new", "newer"}
    assert documents(filled, iin=LI[1]) >= {"1", "3"}
    delete(filled, "newer")
    require_terms_of_lists(filled)


def test_servers_of_now_find_and_change_what_is_left_of_before(filled: Engine) -> None:
    with migrating(filled, None) as connection:
        migrations.apply_steps(connection)
    expected = documents(filled, iin=LI[1])
    assert documents(filled, name="ли") == expected
    cms = signed_by(SYDYKOV)
    for document in expected - {"2"}:
        (row,) = find(filled, Criteria(document=document))
        save(filled, document, seen=row.version, cms=cms, signing=signing_of(cms), tags=["a"])
    delete(filled, "2")
    require_terms_of_lists(filled)
    assert documents(filled, name="ли") == set()
    upgrade(filled)
    require_as_saved_now(filled)


@pytest.mark.slow
def test_it_can_be_taken_back(filled: Engine, step: str) -> None:
    before = rows(filled), _of_current(lists(filled))
    upgrade(filled)
    run(filled, command.downgrade, step)
    assert (rows(filled), _of_current(lists(filled))) == before
    for cms in {one for _, one in _texts(filled)}:
        if cms != "text":
            assert sorted(old_terms(signing_of(cms), step)) in map(sorted, before[1].values())
    upgrade(filled)
    require_as_saved_now(filled)


def _of_current(found: dict[tuple[int, int], list[str]]) -> dict[int, list[str]]:
    """Return the lists of current versions: no others are rewritten."""
    return {key: found[key, version] for key, version in sorted(found)}


def _texts(engine: Engine) -> list[tuple[int, str]]:
    statement = text(
        "SELECT id, cms FROM versions JOIN signatures"
        " ON id = signature_id AND signatures.version = versions.version"
    )
    with engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(statement)]


@pytest.mark.slow
def test_a_backup_of_before_is_restored_in_the_shape_of_now(
    filled: Engine, tmp_path: Path, open_engine: EngineMaker
) -> None:
    file = tmp_path / "old.backup"
    back_up(Place(filled, None), file, [], replace=False, progress=lambda *_: None)
    target = open_engine(f"sqlite:///{tmp_path / 'restored.sqlite3'}")
    with Archive(file) as archive:
        restore(
            Place(target, None),
            archive,
            replace=False,
            finish=lambda: None,
            progress=lambda *_: None,
        )
    require_as_saved_now(target)


def steps(engine: Engine) -> Iterator[str]:
    with engine.connect() as connection:
        yield from connection.execute(text("SELECT version_num FROM tanbahana_version")).scalars()


def test_what_is_older_still_is_brought_here_at_once(
    open_engine: EngineMaker, empty_url: str
) -> None:
    engine = open_engine(empty_url)
    run(engine, command.upgrade, "0007")
    fill(engine, "0009")
    upgrade(engine)
    assert list(steps(engine)) == [migrations.HEAD]
    require_as_saved_now(engine)
