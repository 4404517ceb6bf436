"""How far the packages of threads are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from app.store.packages.progress import Pair, Progress, list_progress
from tests.store.packages import CLAIMS, OPENED, put_package
from tests.store.signings import IVANOV, PETROVA, SYDYKOV, Person, signed_by, signing_of
from tests.store.test_statements import counted_statements
from tests.store.threads import save

IVAN, ANNA, ERLAN = ({"iin": person[1]} for person in (IVANOV, PETROVA, SYDYKOV))
BIN = {"bin": PETROVA[3]}


def sign(engine: Engine, *people: Person, document: str = "doc", seen: int | None = None) -> None:
    """Save a version that these people signed."""
    cms = signed_by(*people)
    save(engine, document, seen=seen, cms=cms, signing=signing_of(cms))


def progress(engine: Engine, *pairs: Pair) -> dict[Pair, Progress]:
    """Request the progress of pairs."""
    with engine.connect() as connection:
        return dict(list_progress(connection, pairs, CLAIMS))


def one(engine: Engine, document: str = "doc") -> Progress:
    """Request the progress of one pair."""
    return progress(engine, (document, "main"))[document, "main"]


def test_a_thread_without_a_package_has_no_progress(engine: Engine) -> None:
    sign(engine, IVANOV)
    put_package(engine, ("other",), (IVAN,))
    put_package(engine, ("doc",), (IVAN,), thread="other")
    assert progress(engine, ("doc", "main"), ("none", "none")) == {}
    assert progress(engine) == {}


def test_a_package_of_which_nothing_is_signed_reports_what_it_is(engine: Engine) -> None:
    sign_by = datetime(2027, 1, 1, tzinfo=UTC)
    rescinded = datetime(2026, 6, 1, tzinfo=UTC)
    public_id = put_package(
        engine, ("a", "doc"), (IVAN, ANNA), name="P", sign_by=sign_by, rescinded_at=rescinded
    )
    assert one(engine) == Progress(
        public_id=public_id,
        name="P",
        opened_at=OPENED,
        sign_by=sign_by,
        rescinded_at=rescinded,
        declined=False,
        documents=2,
        required=2,
        signed=0,
        document_name="name of doc",
        sha256=None,
    )


def test_those_are_counted_who_signed_the_current_version(engine: Engine) -> None:
    put_package(engine, ("doc",), (IVAN, ANNA))
    sign(engine, IVANOV, SYDYKOV)
    assert (one(engine).signed, one(engine).required) == (1, 2)
    sign(engine, IVANOV, PETROVA, seen=1)
    assert one(engine).signed == 2
    sign(engine, SYDYKOV, seen=2)
    assert one(engine).signed == 0


@pytest.mark.parametrize(
    ("signer", "signed"),
    [
        (BIN, 1),
        ({**ANNA, **BIN}, 1),
        ({**IVAN, **BIN}, 0),
        ({**ANNA, "role": "INDIVIDUAL"}, 1),
        ({**BIN, "role": "INDIVIDUAL"}, 1),
        ({**ANNA, "role": "CEO"}, 0),
        ({"bin": PETROVA[1]}, 0),
        ({"iin": PETROVA[3]}, 0),
    ],
)
def test_a_signer_is_identified_by_all_requirements(
    engine: Engine, signer: dict[str, str], signed: int
) -> None:
    put_package(engine, ("doc",), (signer,))
    sign(engine, IVANOV, PETROVA)
    assert one(engine).signed == signed


def test_the_newest_package_counts(engine: Engine) -> None:
    sign(engine, IVANOV)
    put_package(engine, ("doc",), (IVAN,))
    newest = put_package(engine, ("doc",), (ANNA, ERLAN))
    found = one(engine)
    assert (found.public_id, found.signed, found.required) == (newest, 0, 2)


def test_pairs_are_answered_in_one_statement(engine: Engine) -> None:
    documents = tuple(f"doc {number}" for number in range(40))
    put_package(engine, documents, (IVAN, ANNA))
    sign(engine, IVANOV, document="doc 7")
    with counted_statements(engine) as statements:
        found = progress(engine, *((document, "main") for document in documents))
    assert len(statements) == 1
    assert [pair[0] for pair in found] == list(documents)
    assert [pair for pair, each in found.items() if each.signed] == [("doc 7", "main")]
