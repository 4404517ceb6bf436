"""Step 0010: rows that nothing is found by any more go, in batches, whatever happens meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select, text

from app.store import migrations
from app.store.backups.archive import Archive
from app.store.backups.restoring import restore
from app.store.backups.tables import Place
from app.store.backups.taking import back_up
from app.store.migrations import migrating, upgrade
from app.store.models import SignatureTerm, Version
from app.store.search.criteria import Criteria
from app.store.signatures.extraction import Signing, read_text
from app.store.signatures.reindexing import reindex
from tests.conftest import EngineMaker
from tests.store.signings import IVANOV, PETROVA, SYDYKOV, Person, signed_by, signing_of
from tests.store.threads import (
    delete,
    find,
    index_of_tags,
    save,
    tags_of_current_versions,
)

STEP: Any = import_module("app.store.migrations.versions.0010_fewer_search_terms")
#: The only one whose name had no row of its own as a whole; and one of few letters.
NURLAN: Person = ("АБДРАХМАНОВ-СЕЙДАХМЕТОВ НУРЛАН", "870808300019", None, None)
LI: Person = ("ЛИ", "880808300012", None, None)
TEAMS: list[list[Person]] = [
    [IVANOV],
    [NURLAN, PETROVA],
    [LI, SYDYKOV],
    [NURLAN],
    [PETROVA, IVANOV],
]


def old(signing: Signing) -> Signing:
    """Return a signing as the program of before read it."""
    terms: list[str] = []
    for term in json.loads(signing.terms):
        kind, _, value = term.partition(":")
        if kind == "person":
            terms += [f"name:{value[:length]}" for length in range(1, min(16, len(value)) + 1)]
            terms += [term] * (len(value) > 16)
        elif kind == "year":
            terms += [f"decade:{value[:3]}", term]
        elif kind != "name":
            terms.append(term)
    return replace(signing, terms=json.dumps(list(dict.fromkeys(terms)), ensure_ascii=False))


def save_old(engine: Engine, document: str, team: list[Person], seen: int | None = None) -> None:
    cms = signed_by(*team)
    save(engine, document, seen=seen, cms=cms, signing=old(signing_of(cms)), tags=["a"])


def fill(engine: Engine) -> None:
    for number, team in enumerate(TEAMS * 3):
        save_old(engine, f"{number}", team)
        if number % 4 == 0:
            save_old(engine, f"{number}", TEAMS[number % 3], seen=1)
    save(engine, "text", cms="text", signing=read_text("text"))


@pytest.fixture(name="filled")
def filled_before(open_engine: EngineMaker, empty_url: str) -> Engine:
    """Provide a database of the step before, with threads."""
    engine = open_engine(empty_url)
    run(engine, command.upgrade, "0009")
    fill(engine)
    return engine


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(STEP, "BATCH", 3)
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


def check(engine: Engine) -> None:
    """Require that rows and lists are as if they had been saved now."""
    assert index_of_tags(engine) == tags_of_current_versions(engine)
    before = rows(engine)
    assert [term for term, _ in before if term.startswith("decade:")] == []
    current = lists(engine)
    list(reindex(engine, everything=True))
    assert rows(engine) == before
    after = lists(engine)
    ids = {one for _, one in before}
    newest = {one: max(version for key, version in after if key == one) for one in ids}
    assert [current[key] for key in newest.items()] == [after[key] for key in newest.items()]


def documents(engine: Engine, **filters: Any) -> set[str]:
    return {row.document for row in find(engine, Criteria(**filters), limit=99)}


def test_rows_and_lists_become_what_a_save_makes_of_them(filled: Engine) -> None:
    before = rows(filled)
    upgrade(filled)
    check(filled)
    assert len(rows(filled)) < 0.7 * len(before)
    for person in (IVANOV, PETROVA, SYDYKOV, NURLAN, LI):
        expected = documents(filled, iin=person[1])
        assert len(expected) > 2
        for length in range(2, len(person[0]) + 1):
            assert documents(filled, name=person[0][:length]) >= expected
    again = rows(filled)
    upgrade(filled)
    assert rows(filled) == again


def test_it_goes_on_where_it_was_killed(filled: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    write: Callable[..., None] = STEP._write
    sweep: Callable[..., Any] = STEP.sweep
    left = iter(range(0))

    def killed(done: Callable[..., Any]) -> Callable[..., Any]:
        def run_then_die(*arguments: Any) -> Any:
            result = done(*arguments)
            if next(left, None) is None:
                raise KeyboardInterrupt
            return result

        return run_then_die

    monkeypatch.setattr(STEP, "_write", killed(write))
    monkeypatch.setattr(STEP, "sweep", killed(sweep))
    deaths = 0
    while True:
        left = iter(range(deaths))
        try:
            upgrade(filled)
        except KeyboardInterrupt:
            deaths += 1
            document = f"{deaths % 15}"
            if deaths % 5 == 0 and documents(filled, document=document):
                delete(filled, document)
            assert documents(filled, name="абд") == documents(filled, name="абдр")
            continue
        break
    assert deaths > 3
    check(filled)


def test_servers_of_before_may_save_meanwhile_and_afterwards(filled: Engine) -> None:
    with migrating(filled, None) as connection:
        assert STEP.add_names(connection, 0) is not None
    save_old(filled, "1", [LI], seen=1)
    save_old(filled, "new", [IVANOV])
    delete(filled, "2")
    upgrade(filled)
    check(filled)
    save_old(filled, "3", [LI], seen=1)
    save_old(filled, "newer", [IVANOV])
    upgrade(filled)
    check(filled)
    assert documents(filled, name="ива") >= {"new", "newer"}
    delete(filled, "newer")
    assert index_of_tags(filled) == tags_of_current_versions(filled)


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
    assert index_of_tags(filled) == tags_of_current_versions(filled)
    assert documents(filled, name="ли") == set()
    upgrade(filled)
    check(filled)


def test_it_can_be_taken_back(filled: Engine) -> None:
    before = rows(filled), lists(filled)
    upgrade(filled)
    run(filled, command.downgrade, "0009")
    assert (rows(filled), lists(filled)) == before
    upgrade(filled)
    check(filled)


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
    check(target)


def steps(engine: Engine) -> Iterator[str]:
    with engine.connect() as connection:
        yield from connection.execute(text("SELECT version_num FROM tanbahana_version")).scalars()


def test_what_is_older_still_is_brought_here_at_once(
    open_engine: EngineMaker, empty_url: str
) -> None:
    engine = open_engine(empty_url)
    run(engine, command.upgrade, "0007")
    fill(engine)
    upgrade(engine)
    assert list(steps(engine)) == [migrations.HEAD]
    check(engine)
