"""Lists by several tags: threads of few and of many."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from sqlalchemy import Engine, delete, insert, text

from app.store.database.engine import transaction
from app.store.models import SignaturePair
from app.store.search.criteria import Criteria
from app.store.search.matching import FEW
from app.store.search.tag_pairs import MAX_PAIRED, pair, pairs_of
from app.store.signatures.extraction import read_text
from app.store.signatures.writing import NewVersion, delete_chain, save_version
from tests.conftest import EngineMaker
from tests.store.threads import (
    delete as delete_thread,
)
from tests.store.threads import (
    find,
    index_of_tags,
    number_of,
    save,
    tags_of_current_versions,
)

Model = dict[str, tuple[str, ...]]


def some_tags(chance: random.Random) -> tuple[str, ...]:
    """Return up to a dozen tags of which some are common, and some never meet."""
    number = chance.choice([0, 1, 2, 2, 3, MAX_PAIRED, MAX_PAIRED + 1, 12])
    possible = ["common", "half", "ё", "\x01", "Common", "100%", "a'b", "👩‍⚖️"]
    possible += [f"tag {n}" for n in range(12)]
    chosen = chance.sample(possible, number)
    chosen += [chance.choice(["never", "ever"])] * (number > 0)
    return tuple(dict.fromkeys(chosen))


def fill(engine: Engine, chance: random.Random) -> Model:
    """Save threads, and next versions of some with other tags, and delete some; return the rest."""
    model: Model = {}
    with transaction(engine) as connection:
        for number in range(300):
            document = f"doc-{number}"
            for seen in range(chance.choice([1, 1, 2, 3])):
                model[document] = some_tags(chance)
                new = NewVersion(document=document, thread="main", cms="text", tags=model[document])
                save_version(connection, new, read_text("text"), seen)
            if chance.random() < 0.1:
                delete_chain(connection, document, "main")
                del model[document]
    return model


def having(model: Model, criteria: Criteria) -> list[str]:
    """Return what a look at each thread gives, newest first."""
    unite = any if criteria.tags_mode == "any" else all
    wanted = criteria.tags
    return [name for name, tags in model.items() if unite(tag in tags for tag in wanted)][::-1]


@pytest.mark.slow
def test_all_and_any_are_what_a_look_at_every_thread_gives(engine: Engine) -> None:
    chance = random.Random(11)
    model = fill(engine, chance)
    assert index_of_tags(engine) == tags_of_current_versions(engine)
    pages = 0
    for _ in range(300):
        number = chance.choice([1, 2, 2, 2, 3, 4, 9])
        everywhere = {tag for tags in model.values() for tag in tags}
        asked = chance.sample(sorted(everywhere | {"absent", "", "never\x01ever"}), number)
        if chance.random() < 0.3:  # What a thread has.
            asked = list(chance.choice(list(model.values())))[:number] or asked
        mode = chance.choice(["any", "all", "all"])
        criteria = Criteria(tags=tuple(asked), tags_mode="all" if mode == "all" else "any")
        expected = having(model, criteria)
        limit, offset = chance.choice([1, 20, 400]), chance.choice([0, 0, 2])
        page = [row.document for row in find(engine, criteria, limit=limit, offset=offset)]
        assert page == expected[offset : offset + limit], criteria
        assert [row.document for row in find(engine, criteria)] == expected, criteria
        assert number_of(engine, criteria) == len(expected), criteria
        pages += bool(page)
    assert pages > 100


@pytest.mark.attacks
def test_a_pair_with_the_number_of_another_is_not_taken_for_it(engine: Engine) -> None:
    wrong = save(engine, "wrong", tags=["a", "c"])
    save(engine, "right", tags=["a", "b"])
    many = save(engine, "many", tags=["a", *map(str, range(MAX_PAIRED))])
    with engine.connect() as connection:
        for one in (wrong, many):
            for number in (pair("a", "b"), pair("a", "a"), pair("b", "b")):
                row = {"pair": number, "signature_id": one.id}
                connection.execute(
                    delete(SignaturePair).where(
                        SignaturePair.pair == number, SignaturePair.signature_id == one.id
                    )
                )
                connection.execute(insert(SignaturePair).values(row))
        criteria = Criteria(tags=("b", "a"), tags_mode="all")
        assert number_of(engine, criteria) == 1
    for limit in (0, 20):
        assert [row.document for row in find(engine, criteria, limit=limit)] == ["right"]


@pytest.mark.slow
@pytest.mark.parametrize("rare", ["a", "z"])
def test_threads_of_many_tags_are_found_by_the_rarer_one(engine: Engine, rare: str) -> None:
    filler = [f"m{number}" for number in range(MAX_PAIRED)]
    with transaction(engine) as connection:
        for number in range(FEW + 100):
            tags = ["k", *filler, *([rare] if number in (3, 5) else [])]
            new = NewVersion(document=f"{number}", thread="main", cms="text", tags=tuple(tags))
            save_version(connection, new, read_text("text"), None)
    criteria = Criteria(tags=("k", rare), tags_mode="all")
    assert [row.document for row in find(engine, criteria, limit=20)] == ["5", "3"]
    everywhere = Criteria(tags=("k", "m0"), tags_mode="all")
    first = [row.document for row in find(engine, everywhere, limit=20)]
    assert first == [f"{number}" for number in range(FEW + 99, FEW + 79, -1)]


def test_a_thread_of_many_tags_may_become_one_of_few_and_back(engine: Engine) -> None:
    many = [f"{number}" for number in range(MAX_PAIRED + 1)]
    for seen, tags in enumerate([many, many[1:], many[:-1], many, ["x"], [], many[:2], many]):
        save(engine, seen=seen, tags=tags)
        assert index_of_tags(engine) == {(1, tag) for tag in tags}
    delete_thread(engine)
    assert index_of_tags(engine) == set()


@pytest.mark.slow
def test_postgresql_numbers_pairs_as_python_does(
    open_engine: EngineMaker, postgresql_url: str
) -> None:
    chance = random.Random(5)
    given: list[Sequence[str]] = [some_tags(chance) for _ in range(100)]
    given.append(["a", "a", "b"])
    for tags in given:
        save(open_engine(postgresql_url), f"{len(given)}-{chance.random()}", tags=sorted(set(tags)))
    statement = text("SELECT tag_pairs(to_json(CAST(:tags AS text[])))")
    with open_engine(postgresql_url).connect() as connection:
        for tags in given:
            found = connection.execute(statement, {"tags": list(tags)}).scalar_one()
            assert sorted(found) == sorted(pairs_of(tags))
