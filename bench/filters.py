"""The filters whose first page is timed inside the database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import create_engine, make_url

from app.store.database import engine as database
from app.store.search.criteria import Criteria
from app.store.signatures import listing
from app.store.signatures.listing import Page
from app.store.signatures.rows import PLAIN
from bench.data import START, content_sha256
from bench.people import Person

#: The target: milliseconds in which each page is found.
GOAL = 5.0

_POPULAR, _RARE = Person(0), Person(4321)
#: A name that no person has.
_NAMESAKE = "ахметов нурлан бекович"
_ABSENT_IIN = "999999999999"
_ALL_DAY = timedelta(days=1, microseconds=-1)
_OLD = START + timedelta(days=400)


def filters(rows: int) -> dict[str, Criteria]:
    """Name the filters."""
    return {
        "nothing": Criteria(),
        "document": Criteria(document=f"bench-{rows // 2}"),
        **_by_tags(rows),
        **_by_person(),
        **_by_file(rows),
        **_by_time(),
        **_by_several(),
    }


def _by_tags(rows: int) -> dict[str, Criteria]:
    rare, rarer = "rare-1", f"rare-{rows // 100 - 1}"
    both = ("common", rare)
    never = ("common", "other-1")
    return {
        "rare tag": Criteria(tags=(rare,)),
        "common tag": Criteria(tags=("common",)),
        "any of a common and a rare tag": Criteria(tags=both),
        "all of a common and a rare tag": Criteria(tags=both, tags_mode="all"),
        "any of two common tags": Criteria(tags=never),
        "any of two rare tags": Criteria(tags=(rare, rarer)),
        "all of two common tags that never meet": Criteria(tags=never, tags_mode="all"),
        "absent tag": Criteria(tags=("absent",)),
        "all of a common and an absent tag": Criteria(tags=("common", "absent"), tags_mode="all"),
    }


def _by_person() -> dict[str, Criteria]:
    return {
        "iin, rare": Criteria(iin=_RARE.iin),
        "iin of 30 %": Criteria(iin=_POPULAR.iin),
        "iin, absent": Criteria(iin=_ABSENT_IIN),
        "bin, rare": Criteria(bin=Person(4322).bin),
        "bin of 30 %": Criteria(bin=_POPULAR.bin),
        "signer, 1 letter, of 70 %": Criteria(name="а"),
        "signer, 3 letters, of 15 %": Criteria(name="АХМ"),
        "signer, 5 letters": Criteria(name="НУРГА"),
        "signer, 9 letters": Criteria(name="АБДРАХМАН"),
        "signer, whole name, of 30 %": Criteria(name=_POPULAR.name),
        "signer, whole name, rare": Criteria(name=_RARE.name),
        "signer, absent": Criteria(name="Яковлев Я"),
        "signer, absent, begins as 30 % do": Criteria(name=_NAMESAKE),
        "signer, absent, but for two letters as 30 %": Criteria(name=_POPULAR.name[:20] + "ХА"),
    }


def _by_file(rows: int) -> dict[str, Criteria]:
    return {
        "sha256 of content": Criteria(sha256=content_sha256(rows // 2)),
        "sha256, absent": Criteria(sha256="0" * 64),
    }


def _by_time() -> dict[str, Criteria]:
    new_year = datetime(_OLD.year + 1, 1, 1, tzinfo=UTC)
    return {
        "signed on an old day": Criteria(signed_from=_OLD, signed_to=_OLD + _ALL_DAY),
        "signed in an old month": Criteria(
            signed_from=_OLD.replace(day=1), signed_to=_OLD.replace(day=28) + _ALL_DAY
        ),
        "signed in an old year": Criteria(
            signed_from=new_year, signed_to=new_year + timedelta(days=365, microseconds=-1)
        ),
        "signed since an old day": Criteria(signed_from=_OLD),
        "signed until an old day": Criteria(signed_to=_OLD + _ALL_DAY),
        "signed within hours of two old days": Criteria(
            signed_from=_OLD + timedelta(hours=9), signed_to=_OLD + timedelta(hours=33)
        ),
        "signed within a second without signatures": Criteria(
            signed_from=_OLD + timedelta(microseconds=1),
            signed_to=_OLD + timedelta(microseconds=2),
        ),
        "signed between odd moments of two decades": Criteria(
            signed_from=datetime(2001, 1, 2, 9, tzinfo=UTC),
            signed_to=datetime(2098, 12, 30, 9, tzinfo=UTC),
        ),
    }


def _by_several() -> dict[str, Criteria]:
    old_day: dict[str, Any] = {"signed_from": _OLD, "signed_to": _OLD + _ALL_DAY}
    return {
        "iin, rare + common tag": Criteria(iin=_RARE.iin, tags=("common",)),
        "iin of 30 % + common tag": Criteria(iin=_POPULAR.iin, tags=("common",)),
        "iin of 30 % + rare tag": Criteria(iin=_POPULAR.iin, tags=("rare-1",)),
        "iin of 30 % + absent tag": Criteria(iin=_POPULAR.iin, tags=("absent",)),
        "iin of 30 % + any of two tags": Criteria(iin=_POPULAR.iin, tags=("common", "rare-1")),
        "iin of 30 % + document": Criteria(iin=_POPULAR.iin, document="bench-1"),
        "iin of 30 % + rare bin": Criteria(iin=_POPULAR.iin, bin=Person(4322).bin),
        "iin of 30 % + name of 12 % that never meets it": Criteria(iin=_POPULAR.iin, name="аб"),
        "iin, rare + an old day": Criteria(iin=_RARE.iin, **old_day),
        "iin of 30 % + an old day": Criteria(iin=_POPULAR.iin, **old_day),
        "iin of 30 % + signed since an old day": Criteria(iin=_POPULAR.iin, signed_from=_OLD),
        "iin of 30 % + signed until an old day": Criteria(
            iin=_POPULAR.iin, signed_to=_OLD + _ALL_DAY
        ),
        "common tag + an old day": Criteria(tags=("common",), **old_day),
        "any of two common tags + an old day": Criteria(tags=("common", "other-1"), **old_day),
        "rare tag + an old day": Criteria(tags=("rare-1",), **old_day),
        "document + an old day": Criteria(document="bench-1", **old_day),
        "thread of all + an old day": Criteria(thread="story", **old_day),
        "iin, rare + signed until an old day": Criteria(iin=_RARE.iin, signed_to=_OLD + _ALL_DAY),
        "iin of 30 % + an old year": Criteria(
            iin=_POPULAR.iin,
            signed_from=datetime(2022, 1, 1, tzinfo=UTC),
            signed_to=datetime(2023, 1, 1, tzinfo=UTC) - timedelta(microseconds=1),
        ),
        "signer, 1 letter + an old day": Criteria(name="а", **old_day),
        "signer, 1 letter + iin, rare": Criteria(name="а", iin=_RARE.iin),
        "signer, 5 letters + common tag": Criteria(name="НУРГА", tags=("common",)),
        "signer, 5 letters + an old day": Criteria(name="НУРГА", **old_day),
        "signer, 9 letters + iin of 30 %, who has another name": Criteria(
            name="АБДРАХМАН", iin=_POPULAR.iin
        ),
    }


def print_filters(url: str, rows: int) -> None:
    """Print how long the first page takes inside the database."""
    print(f"First page of 20 inside the database at {rows:,} threads, ms (aim: {GOAL:g}):\n")
    print("| filter | planning | execution | both |")
    print("|---|---|---|---|")
    for name, criteria in filters(rows).items():
        planning, execution = in_database(url, criteria)
        total = planning + execution
        late = " **late**" if total > GOAL else ""
        print(f"| {name} | {planning:.2f} | {execution:.2f} | {total:.2f}{late} |")
    print(flush=True)


def in_database(url: str, criteria: Criteria) -> tuple[float, float]:
    """Return the milliseconds in which PostgreSQL plans and executes a first page; medians of 7."""
    address = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(address, **database.engine_options(address, None, 1))
    statement = listing.page_statement("postgresql", criteria.shape, carried=PLAIN)
    compiled = statement.statement.compile(engine)
    values = {**compiled.params, **listing.page_parameters(Page(criteria, 20))}
    times = []
    with engine.connect() as connection:
        for _ in range(7):
            plan = connection.exec_driver_sql("EXPLAIN (ANALYZE, SUMMARY) " + str(compiled), values)
            lines = "\n".join(row[0] for row in plan)
            times.append(
                [float(ms) for ms in re.findall(r"(?:Planning|Execution) Time: ([\d.]+)", lines)]
            )
    engine.dispose()
    planning, execution = zip(*times, strict=True)
    return median(planning), median(execution)
