"""What is asked of the store, and in which order it answers."""

import pytest
from sqlalchemy import Engine

from app.store.database.engine import snapshot
from app.store.errors import SignatureNotFound
from app.store.search.criteria import Criteria
from app.store.signatures.listing import Page, search
from app.store.signatures.rows import FETCH_ROWS, Carried
from app.store.signatures.weighing import PAGE_ROWS
from tests.store.threads import (
    delete,
    find,
    get,
    number_of,
    save,
    save_first_versions,
    save_versions,
    versions,
)


def names(engine: Engine, criteria: Criteria, *, limit: int = 0, offset: int = 0) -> list[str]:
    """Return the documents that match, and check that the count agrees."""
    found = [row.document for row in find(engine, criteria, limit=limit, offset=offset)]
    number = number_of(engine, criteria)
    if not limit and not offset:
        assert number == len(found)
    return found


@pytest.fixture(name="filled")
def fill(engine: Engine) -> Engine:
    """Provide a store of six threads: a to d with all that is filtered by, e and f with some."""
    save(engine, "a", "one", stage="draft", tags=["x", "y"])
    save(engine, "b", "two", stage="draft", tags=["y", "z"])
    save(engine, "c", "one", stage="final", tags=["z", "x", "y"])
    save(engine, "d", "two", stage="final", tags=["x"])
    save(engine, "e", "one", tags=["z"])
    save(engine, "f", "three")
    return engine


def test_a_version_of_a_thread_is_found_by_its_number(engine: Engine) -> None:
    for seen in range(3):
        save(engine, seen=seen, cms=f"cms {seen + 1}", tags=[str(seen + 1)])
    for number in (1, 2, 3):
        found = get(engine, version=number)
        assert (found.version, found.cms, found.tags) == (
            number,
            f"cms {number}",
            [str(number)],
        )
    assert get(engine).version == 3


@pytest.mark.parametrize("version", [0, -1, 4, 2**31 - 1])
def test_a_version_that_was_never_saved_is_not_found(engine: Engine, version: int) -> None:
    for seen in range(3):
        save(engine, seen=seen)
    with pytest.raises(SignatureNotFound):
        get(engine, version=version)


@pytest.mark.parametrize(
    ("document", "thread"),
    [("doc", "other"), ("other", "main"), ("DOC", "main"), ("do%", "main"), ("doc", "mai_")],
)
def test_a_thread_that_is_not_there_is_not_found(
    engine: Engine, document: str, thread: str
) -> None:
    save(engine)
    with pytest.raises(SignatureNotFound):
        get(engine, document, thread)


def test_versions_come_newest_first(engine: Engine) -> None:
    for seen in range(5):
        save(engine, seen=seen)
    save(engine, "other")
    assert [record.version for record in versions(engine)] == [5, 4, 3, 2, 1]


def test_versions_come_without_the_signature_where_it_is_not_wanted(engine: Engine) -> None:
    save(engine)
    assert [record.cms for record in versions(engine, carried=Carried(cms=False))] == [None]
    assert [record.cms for record in versions(engine)] == ["CMS"]


def test_more_versions_than_are_fetched_at_a_time_all_come(engine: Engine) -> None:
    number = PAGE_ROWS + 7
    save_versions(engine, number)
    found = [record.version for record in versions(engine)]
    assert found == list(range(number, 0, -1))


def test_a_thread_that_is_not_there_has_no_versions(engine: Engine) -> None:
    assert versions(engine) == []


MATCHING: list[tuple[Criteria, str]] = [
    (Criteria(), "fedcba"),
    (Criteria(document="c"), "c"),
    (Criteria(thread="one"), "eca"),
    (Criteria(stage="draft"), "ba"),
    (Criteria(tags=("x",)), "dca"),
    (Criteria(tags=("x", "z")), "edcba"),
    (Criteria(tags=("x", "nowhere")), "dca"),
    (Criteria(tags=("x",), tags_mode="all"), "dca"),
    (Criteria(tags=("x", "y"), tags_mode="all"), "ca"),
    (Criteria(tags=("x", "y", "z"), tags_mode="all"), "c"),
    (Criteria(tags=("x", "nowhere"), tags_mode="all"), ""),
    (Criteria(document="c", thread="one"), "c"),
    (Criteria(document="c", thread="two"), ""),
    (Criteria(document="c", stage="final"), "c"),
    (Criteria(document="c", stage="draft"), ""),
    (Criteria(document="c", tags=("x",)), "c"),
    (Criteria(document="b", tags=("x",)), ""),
    (Criteria(thread="one", stage="final"), "c"),
    (Criteria(thread="one", tags=("x", "z")), "eca"),
    (Criteria(thread="one", tags=("x", "z"), tags_mode="all"), "c"),
    (Criteria(stage="draft", tags=("x", "z")), "ba"),
    (Criteria(stage="draft", tags=("y", "z"), tags_mode="all"), "b"),
    (Criteria(thread="one", stage="draft", tags=("x",)), "a"),
    (Criteria(document="a", thread="one", stage="draft"), "a"),
    (Criteria(document="a", thread="one", stage="draft", tags=("q", "y")), "a"),
    (
        Criteria(document="a", thread="one", stage="draft", tags=("x", "y"), tags_mode="all"),
        "a",
    ),
    (Criteria(document="a", thread="one", stage="draft", tags=("z",)), ""),
    (Criteria(document="nowhere"), ""),
    (Criteria(thread="nowhere"), ""),
    (Criteria(stage="nowhere"), ""),
    (Criteria(tags=("nowhere",)), ""),
]


@pytest.mark.slow
def test_a_list_has_what_matches_all_filters_newest_first(filled: Engine) -> None:
    for criteria, expected in MATCHING:
        assert names(filled, criteria) == list(expected), criteria
        for limit in (1, 2, 6):
            for offset in (0, 1, 2):
                page = names(filled, criteria, limit=limit, offset=offset)
                assert page == list(expected)[offset : offset + limit], criteria
        assert names(filled, criteria, offset=2) == list(expected)[2:], criteria


@pytest.mark.slow
def test_two_hundred_tags_can_be_requested(engine: Engine) -> None:
    tags = tuple(f"tag {number}" for number in range(200))
    save(engine, "all", tags=tags)
    save(engine, "most", tags=tags[:-1])
    save(engine, "one", tags=tags[:1])
    save(engine, "none")
    for limit in (0, 2):
        any_of = names(engine, Criteria(tags=tags), limit=limit)
        assert any_of == ["one", "most", "all"][: limit or 3]
        assert names(engine, Criteria(tags=tags, tags_mode="all"), limit=limit) == ["all"]


@pytest.mark.parametrize(
    "tags",
    [
        ("b", "a"),
        ("a", "b"),
        ("я", "a"),
        ("😀", "\uffff"),
        ("Z", "a"),
        ("c", "b", "a"),
        ("ab", "a b"),
    ],
)
def test_every_one_of_several_tags_is_found_in_whatever_order(
    engine: Engine, tags: tuple[str, ...]
) -> None:
    save(engine, "both", tags=tags)
    save(engine, "turned", tags=tags[::-1])
    save(engine, "lost", tags=tags)
    save(engine, "lost", seen=1, tags=tags[1:])
    save(engine, "gained", tags=tags[:1])
    save(engine, "gained", seen=1, tags=tags)
    save(engine, "deleted", tags=tags)
    delete(engine, "deleted")
    for wanted in (tags, tags[::-1]):
        found = names(engine, Criteria(tags=wanted, tags_mode="all"))
        assert found == ["gained", "turned", "both"]


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        ("%", "a"),
        ("_", "a"),
        ("*", "a"),
        ("a%", "ab"),
        ("a_", "ab"),
        ("Doc", "doc"),
        ("ДОК", "док"),
        ("ё", "е"),
        ("é", "e\u0301"),
        ("Қоштанба", "Коштанба"),
        ("😀", "😁"),
        ("a'b", "a''b"),
        ("\\", "\\\\"),
        ("%(x)s", "x"),
        (":x", "x"),
    ],
)
def test_a_filter_matches_exactly(engine: Engine, wanted: str, other: str) -> None:
    for text in (wanted, other):
        save(engine, text, "by document")
        save(engine, "by thread", text)
        save(engine, f"by stage {text}", stage=text)
        save(engine, f"by tag {text}", tags=[text])
    assert names(engine, Criteria(document=wanted)) == [wanted]
    assert names(engine, Criteria(thread=wanted)) == ["by thread"]
    assert names(engine, Criteria(stage=wanted)) == [f"by stage {wanted}"]
    assert names(engine, Criteria(tags=(wanted,))) == [f"by tag {wanted}"]


def test_a_list_has_each_thread_once_in_its_current_version(engine: Engine) -> None:
    save(engine, "a", cms="old", stage="draft", tags=["x", "y"])
    save(engine, "a", seen=1, cms="new", stage="final", tags=["y", "z"])
    assert [(row.version, row.cms, row.tags) for row in find(engine)] == [(2, "new", ["y", "z"])]
    assert names(engine, Criteria(stage="draft")) == []
    assert names(engine, Criteria(tags=("x",))) == []
    assert names(engine, Criteria(tags=("y", "z"))) == ["a"]


def test_a_new_version_does_not_move_a_thread(engine: Engine) -> None:
    for document in "abc":
        save(engine, document)
    save(engine, "a", seen=1)
    assert names(engine, Criteria()) == ["c", "b", "a"]
    assert names(engine, Criteria(), limit=1) == ["c"]


def test_a_thread_that_began_again_is_the_newest(engine: Engine) -> None:
    for document in "abc":
        save(engine, document)
    delete(engine, "a")
    save(engine, "a")
    assert names(engine, Criteria()) == ["a", "c", "b"]


@pytest.mark.parametrize("tags", [(), ("x",), ("x", "y")])
def test_an_offset_behind_the_last_row_gives_none(filled: Engine, tags: tuple[str, ...]) -> None:
    for limit in (0, 1, 5, PAGE_ROWS + 1):
        assert find(filled, Criteria(tags=tags), limit=limit, offset=1000) == []


@pytest.mark.parametrize("tags", [(), ("x",), ("x", "y")])
def test_the_largest_limit_and_offset_are_within_bounds(
    filled: Engine, tags: tuple[str, ...]
) -> None:
    criteria = Criteria(tags=tags)
    rows = find(filled, criteria)
    assert find(filled, criteria, limit=2**63 - 1) == rows
    assert find(filled, criteria, limit=2**63 - 1, offset=1) == rows[1:]
    assert find(filled, criteria, limit=2**63 - 1, offset=2**63 - 1) == []
    assert find(filled, criteria, offset=2**63 - 1) == []


@pytest.mark.parametrize("limit", [0, 3])
def test_a_list_comes_without_the_signature_where_it_is_not_wanted(
    filled: Engine, limit: int
) -> None:
    without = find(filled, limit=limit, carried=Carried(cms=False))
    assert {row.cms for row in without} == {None}
    assert without == [row._replace(cms=None) for row in find(filled, limit=limit)]


@pytest.mark.parametrize("limit", [0, PAGE_ROWS, PAGE_ROWS + 1])
def test_more_rows_than_are_fetched_at_a_time_all_come_once(engine: Engine, limit: int) -> None:
    number = 2 * PAGE_ROWS + 3
    saved = [f"doc {document}" for document in range(number)]
    save_first_versions(engine, saved, tags=["x", "y"])
    expected = saved[::-1][: limit or number]
    for criteria in (Criteria(), Criteria(tags=("x", "y")), Criteria(thread="main")):
        assert [row.document for row in find(engine, criteria, limit=limit)] == expected


def test_a_long_answer_does_not_see_what_is_saved_meanwhile(engine: Engine) -> None:
    number = FETCH_ROWS + 50
    save_first_versions(engine, (f"doc {document}" for document in range(number)))
    with snapshot(engine) as connection:
        rows = search(connection, Page(Criteria()))
        first = next(rows)
        delete(engine, "doc 0")
        save(engine, "doc 1", seen=1)
        save(engine, "new")
        found = [first, *rows]
    assert [row.document for row in found] == [f"doc {n}" for n in reversed(range(number))]
    assert {row.version for row in found} == {1}
