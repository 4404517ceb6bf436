"""Lists that are filtered by many tags: what they find, and how few statements they need."""

from __future__ import annotations

import json
import random
from itertools import product

import pytest
from sqlalchemy import Engine, func, select

from app.store.search.criteria import KEPT_SHAPES, SINGLE_TAGS, Criteria, TagsMode
from app.store.search.matching import matching
from app.store.signatures import listing
from tests.conftest import EngineMaker
from tests.store.threads import find, number_of, save, walk

#: With what a list of texts might be divided at, or end with.
TAGS = [
    *(f"tag {number}" for number in range(12)),
    'a "b"',
    "c,{d}\\",
    "NULL",
    "ё\N{GRINNING FACE}",
]


@pytest.mark.parametrize("mode", ["any", "all"])
def test_many_tags_find_what_a_look_at_every_thread_finds(engine: Engine, mode: TagsMode) -> None:
    chance = random.Random(3)
    saved: list[tuple[str, frozenset[str]]] = []
    for number in range(120):
        tags = chance.sample(TAGS, chance.choice([0, 1, 3, 9, len(TAGS)]))
        save(engine, f"doc {number}", stage=chance.choice([None, "draft"]), tags=tags)
        saved.append((f"doc {number}", frozenset(tags)))
    saved.reverse()
    counts = SINGLE_TAGS - 1, SINGLE_TAGS, SINGLE_TAGS + 1, SINGLE_TAGS + 2, len(TAGS)
    for number, stage in product(counts, (None, "draft")):
        wanted = tuple(chance.sample(TAGS, number))
        meets = set(wanted).issubset if mode == "all" else set(wanted).intersection
        criteria = Criteria(tags=wanted, tags_mode=mode)
        expected = [document for document, tags in saved if meets(tags)]
        assert expected
        if stage:
            criteria = Criteria(tags=wanted, tags_mode=mode, stage=stage)
            drafts = {row.document for row in find(engine, Criteria(stage=stage))}
            expected = [document for document in expected if document in drafts]
        assert [row.document for row in find(engine, criteria)] == expected
        found = find(engine, criteria, limit=3, offset=1)
        assert [row.document for row in found] == expected[1:4]
        pages = list(walk(engine, criteria, 4))
        assert [row.document for page in pages for row in page] == expected
        assert number_of(engine, criteria) == len(expected)


@pytest.mark.parametrize("mode", ["any", "all"])
def test_any_number_of_many_tags_has_one_shape(mode: TagsMode) -> None:
    shapes = {
        Criteria(tags=tuple(map(str, range(number))), tags_mode=mode).shape
        for number in range(1, 201)
    }
    assert len(shapes) == SINGLE_TAGS + 1


def test_few_statements_are_kept(engine: Engine) -> None:
    """Each takes 0.4 MB: 512 of either kind were kept, of which some had 3 MB."""
    listing.page_statement.cache_clear()
    for columns in product((None, "x"), repeat=3):
        for sha256, iin, name in product((None, "0" * 64), (None, "900101300017"), (None, "ах")):
            document, thread, stage = columns
            criteria = Criteria(
                document=document, thread=thread, stage=stage, sha256=sha256, iin=iin, name=name
            )
            find(engine, criteria, limit=21)
    assert listing.page_statement.cache_info().currsize == KEPT_SHAPES


@pytest.mark.parametrize("mode", ["any", "all"])
def test_many_tags_are_looked_up_in_an_index(
    open_engine: EngineMaker, sqlite_url: str, mode: TagsMode
) -> None:
    """A condition of SQLite that is compared with 1 uses none."""
    sqlite = open_engine(sqlite_url)
    criteria = Criteria(tags=tuple(TAGS), tags_mode=mode)
    statement = select(func.count()).select_from(matching(criteria.shape).subquery())
    values = {**criteria.parameters}
    compiled = statement.compile(sqlite)
    with sqlite.connect() as connection:
        sent = compiled.construct_params(values)
        sent["tags"] = json.dumps(sent["tags"])
        given = tuple(sent[name] for name in compiled.positiontup or ())
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", given).all()
    assert not [row for row in plan if "SCAN signature_tags" in row[3]], plan
