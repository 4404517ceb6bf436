"""Pages of lists that are filtered by several things at once, and longer than the first try."""

import random
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Engine, insert

from app.store.database.engine import transaction
from app.store.models import EvidenceThread
from app.store.search import names
from app.store.search.criteria import Criteria, EvidenceFilter
from app.store.search.matching import FEW
from app.store.search.terms import WHOLE_NAME, fold
from app.store.signatures.listing import count_up_to, page_statement
from app.store.signatures.writing import NewVersion, save_version
from tests.hostile_signers import made_up
from tests.store.signings import (
    IVANOV,
    PETROVA,
    SYDYKOV,
    Person,
    signed_by,
    signing_of,
)
from tests.store.threads import find, number_of, save, walk

START = datetime(2019, 12, 30, 22, tzinfo=UTC)
NURSULTAN = ("АБДРАХМАНОВ-СЕЙДАХМЕТОВ НУРСУЛТАН", "930404300041", None, None)
NURLAN = ("АБДРАХМАНОВ-СЕЙДАХМЕТОВ НУРЛАН", "870808300019", None, None)
TEAMS: list[list[Person]] = [[IVANOV], [IVANOV, PETROVA], [SYDYKOV], [NURSULTAN], [NURLAN, IVANOV]]
THREADS = 3 * FEW
EVIDENCE: list[EvidenceFilter | None] = [None, "pending", "complete", "impossible"]


class Saved(NamedTuple):
    """What a thread was saved with."""

    document: str
    thread: str
    stage: str | None
    tags: tuple[str, ...]
    team: int
    moment: datetime
    evidence: EvidenceFilter | None

    def meets(self, criteria: Criteria) -> bool:
        """Return the statements whose plans are checked."""
        team = TEAMS[self.team]
        tagged = [tag in self.tags for tag in criteria.tags]
        return (
            criteria.document in (None, self.document)
            and criteria.thread in (None, self.thread)
            and criteria.stage in (None, self.stage)
            and (all if criteria.tags_mode == "all" else any)(tagged or [True])
            and (criteria.iin is None or any(criteria.iin == person[1] for person in team))
            and (criteria.bin is None or any(criteria.bin == person[3] for person in team))
            and (
                criteria.name is None
                or any(fold(person[0]).startswith(fold(criteria.name)) for person in team)
            )
            and (criteria.signed_from is None or self.moment >= criteria.signed_from)
            and (criteria.signed_to is None or self.moment <= criteria.signed_to)
            and criteria.evidence in (None, self.evidence)
        )


@pytest.fixture(name="saved")
def fill(engine: Engine) -> list[Saved]:
    """Save many threads, in which common people and tags meet seldom; return them, newest first."""
    chance, evidence_of = random.Random(4), random.Random(5)
    signatures = [signed_by(*team, timed=False) for team in TEAMS]
    threads: list[Saved] = []
    with transaction(engine) as connection:
        for number in range(THREADS):
            early = number < THREADS // 2
            one = Saved(
                f"doc-{number // 3}",
                chance.choice(["main", "other"]),
                chance.choice([None, "draft"]),
                tuple(
                    tag
                    for tag in ("a", "b", "c")
                    if chance.random() < (0.7, 0.3, 0.02)[ord(tag) - 97]
                ),
                0 if early and chance.random() < 0.9 else chance.randrange(1, len(TEAMS)),
                START + timedelta(hours=number * 2 + chance.randrange(48)),
                evidence_of.choices(EVIDENCE, [10, 5, 80, 5])[0],
            )
            if any(
                (one.document, one.thread) == (other.document, other.thread)
                for other in threads[-3:]
            ):
                continue
            cms = signatures[one.team]
            new = NewVersion(
                document=one.document, thread=one.thread, stage=one.stage, tags=one.tags, cms=cms
            )
            urgency = 2 if one.evidence == "pending" else None
            signing = signing_of(cms, one.moment)
            record = save_version(connection, new, signing, None, new_evidence=urgency).record
            note_result(connection, record.id, one.evidence)
            threads.append(one)
    return threads[::-1]


def note_result(connection: Connection, signature_id: int, evidence: EvidenceFilter | None) -> None:
    """Note the result for the version, or for one before it, which does not count."""
    is_result = evidence in ("complete", "impossible")
    values = {
        "signature_id": signature_id,
        "state": evidence if is_result else "complete",
        "version": 1 if is_result else 0,
    }
    connection.execute(insert(EvidenceThread).values(values))


def any_criteria(chance: random.Random) -> Criteria:
    """Ask for one to four things."""
    people = [IVANOV, PETROVA, SYDYKOV, NURSULTAN, NURLAN]
    moment = START + timedelta(minutes=chance.randrange(THREADS * 120))
    until = moment + timedelta(minutes=chance.choice([1, 600, 60 * 24 * 40, 60 * 24 * 400]))
    possible: list[dict[str, Any]] = [
        {"document": f"doc-{chance.randrange(THREADS // 3)}"},
        {"thread": "main"},
        {"stage": "draft"},
        {"tags": ("c",)},
        {"tags": ("b", "c")},
        {"tags": ("a", "c"), "tags_mode": "all"},
        {"iin": chance.choice(people)[1]},
        {"bin": PETROVA[3]},
        {"name": chance.choice(people)[0][: chance.randrange(1, 40)]},
        {"name": chance.choice([NURLAN, NURSULTAN])[0][: chance.randrange(20, 34)]},
        {"signed_from": moment},
        {"signed_to": moment},
        {"evidence": chance.choice(EVIDENCE)},
        {"signed_from": moment, "signed_to": until},
        {
            "signed_from": moment.replace(hour=0, minute=0),
            "signed_to": until.replace(hour=0, minute=0),
        },
    ]
    chosen: dict[str, Any] = {}
    for one in chance.sample(possible, chance.randrange(1, 5)):
        chosen |= one
    return Criteria(**chosen)


#: Up to how many names are rare, and how many are looked at.
RARE = [(names.RARE, names.NAMES), (20, names.NAMES), (20, 1)]


@contextmanager
def rare(up_to: int, most: int) -> Iterator[None]:
    """Let names be rare up to as many; statements are made with that number, and kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "RARE", up_to)
        patch.setattr(names, "NAMES", most)
        page_statement.cache_clear()
        yield
    page_statement.cache_clear()


@pytest.mark.slow
def test_pages_are_what_a_look_at_every_thread_gives(engine: Engine, saved: list[Saved]) -> None:
    for up_to, most in RARE:
        with rare(up_to, most):
            compare_pages(engine, saved)
            for name in ("ИВАНОВ", "абд", "АБДРАХМАНОВ-СЕЙДАХМЕТОВ НУР"):
                compare_pages_of_name(engine, saved, name)


def compare_pages(engine: Engine, saved: list[Saved]) -> None:
    """Compare the pages of lists that are filtered by chance."""
    chance = random.Random(7)
    pages = 0
    for _ in range(150):
        criteria = any_criteria(chance)
        expected = [(one.document, one.thread) for one in saved if one.meets(criteria)]
        limit = chance.choice([1, 20, 200])
        offset = chance.choice([0, 0, 3, len(expected) // 2])
        found = find(engine, criteria, limit=limit, offset=offset)
        page = [(row.document, row.thread) for row in found]
        assert page == expected[offset : offset + limit], criteria
        pages += bool(page)
        size = chance.choice([1 + len(expected) // 3, 200, 201])
        walked = list(walk(engine, criteria, size))
        assert [(row.document, row.thread) for page in walked for row in page] == expected, criteria
        assert len(walked) == max(1, -(-len(expected) // size)), criteria
        bound = chance.choice([1, len(expected), len(expected) + 1]) or 1
        assert number_of(engine, criteria) == len(expected), criteria
        with engine.connect() as connection:
            assert count_up_to(connection, criteria, bound) == min(bound, len(expected)), criteria
        if chance.random() < 0.2:
            everything = find(engine, criteria)
            assert [(row.document, row.thread) for row in everything] == expected, criteria
    assert pages > 50


def compare_pages_of_name(engine: Engine, saved: list[Saved], name: str) -> None:
    """Compare all pages of the threads of a name: each thread is in one of them."""
    criteria = Criteria(name=name)
    expected = [(one.document, one.thread) for one in saved if one.meets(criteria)]
    found = []
    for offset in range(0, len(expected) + 70, 70):
        rows = find(engine, criteria, limit=70, offset=offset)
        found += [(row.document, row.thread) for row in rows]
    assert found == expected


@pytest.mark.parametrize(("up_to", "most"), RARE)
def test_a_name_that_is_longer_than_what_the_index_keeps_is_found(
    engine: Engine, up_to: int, most: int
) -> None:
    long = "Ә" * WHOLE_NAME
    for number, end in enumerate(["", "И", "ИК", "КИ"]):
        cms = b64encode(made_up([long + end])).decode()
        save(engine, f"{number}", cms=cms, signing=signing_of(cms))
    with rare(up_to, most):
        for end, documents in (("", "3210"), ("И", "21"), ("К", "3"), ("ИКИ", "")):
            criteria = Criteria(name=long + end)
            for limit in (0, 20):
                assert (
                    "".join(row.document for row in find(engine, criteria, limit=limit))
                    == documents
                )
            assert number_of(engine, criteria) == len(documents)
