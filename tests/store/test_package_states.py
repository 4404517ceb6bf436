"""The two tongues in which it is said what a package is: they never differ."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from app.store.database.engine import snapshot
from app.store.packages.listing import PackageCriteria, PackagePage, count_packages, list_packages
from app.store.packages.records import PackageSummary
from app.store.packages.states import State
from app.store.packages.status import get_package
from tests.store.packages import CLAIMS, OPENED, put_package
from tests.store.signings import IVANOV, PETROVA, SYDYKOV, signed_by, signing_of
from tests.store.threads import save

PEOPLE = (IVANOV, PETROVA, SYDYKOV)
STATES: tuple[State, ...] = ("rescinded", "executed", "expired", "draft", "open")


def any_signer(chance: random.Random) -> dict[str, Any]:
    """Make up one who must sign: often one who has signed, and not always."""
    name, iin, _, bin_number = chance.choice(PEOPLE)
    del name
    signer: dict[str, Any] = {"iin": iin}
    if bin_number:
        signer = chance.choice([{"bin": bin_number}, {"iin": iin, "bin": bin_number}, signer])
    if chance.random() < 0.3:
        signer["role"] = chance.choice(["INDIVIDUAL", "INDIVIDUAL", "CEO"])
    return signer


def any_package(engine: Engine, chance: random.Random) -> str:
    """Make up a package of signed and unsigned documents."""
    documents = chance.sample(["a", "b", "c", "d"], chance.choice([1, 1, 2, 3]))
    columns: dict[str, Any] = {}
    if chance.random() < 0.2:
        columns["rescinded_at"] = OPENED
    if chance.random() < 0.2:
        columns["opened_at"] = None
    if chance.random() < 0.5:
        columns["sign_by"] = datetime(chance.choice([2026, 2999]), 1, 1, tzinfo=UTC)
    signers = tuple(any_signer(chance) for _ in range(chance.choice([1, 1, 2, 3])))
    return put_package(engine, tuple(documents), signers, **columns)


def listed(engine: Engine, **criteria: Any) -> dict[str, PackageSummary]:
    """List packages, and return them by their UUIDs."""
    wanted = PackageCriteria(**criteria)
    with snapshot(engine) as connection:
        found = list(list_packages(connection, wanted, PackagePage(limit=100), CLAIMS))
        assert count_packages(connection, wanted, CLAIMS).number == len(found)
    return {summary.public_id: summary for summary in found}


@pytest.mark.slow
def test_lists_and_statuses_agree_about_every_package(engine: Engine) -> None:
    chance = random.Random(5)
    for document, people in {"a": PEOPLE, "b": PEOPLE[:2], "c": PEOPLE[1:2]}.items():
        cms = signed_by(*people)
        save(engine, document, cms=cms, signing=signing_of(cms))
    packages = [any_package(engine, chance) for _ in range(80)]
    with engine.connect() as connection:
        reported = {each: get_package(connection, each, CLAIMS).summary for each in packages}
    assert listed(engine) == reported
    assert {summary.state for summary in reported.values()} == set(STATES)
    for state in STATES:
        of_state = {key: each for key, each in reported.items() if each.state == state}
        assert listed(engine, states=(state,)) == of_state
    for executed in (True, False):
        of_kind = {key: each for key, each in reported.items() if each.executed is executed}
        assert listed(engine, executed=executed) == of_kind
