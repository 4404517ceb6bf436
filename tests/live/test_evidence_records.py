"""Evidence records as Bouncy Castle reads them, which has nothing to do with this program."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.cms import EvidenceRecord
from app.evidence.records import read_file, read_record, record_with_proofs
from app.store.evidence.reading import read_evidence
from app.store.signatures.large_texts import Key
from app.trust import Trust
from tests.cms.evidence_records.decades import NOW, Archive, thirty_years
from tests.conftest import EngineMaker
from tests.evidence.decades import Archive as Store
from tests.evidence.decades import Decades, year
from tests.trust.serving import serving

JUDGE = Path(__file__).parent / "java" / "EvidenceJudge.java"
JARS = [Path("/usr/share/java", f"{name}.jar") for name in ("bcpkix", "bcprov", "bcutil")]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK (default-jdk-headless)"),
    pytest.mark.skipif(
        not all(jar.exists() for jar in JARS), reason="needs Bouncy Castle (libbcpkix-java)"
    ),
]


def judge(
    folder: Path,
    records: dict[str, tuple[EvidenceRecord, tuple[bytes, ...]]],
    now: datetime = NOW,
) -> set[str]:
    """Return what Bouncy Castle says of records with their objects: each name, and its answer."""
    for name, (record, objects) in records.items():
        (folder / name).mkdir()
        (folder / name / "record").write_bytes(record.der)
        for number, one in enumerate(objects):
            (folder / name / f"object-{number}").write_bytes(one)
    path = ":".join(map(str, JARS))
    moment = str(int(now.timestamp() * 1000))
    command = ["java", "-cp", path, str(JUDGE), moment, str(folder)]
    answers = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return set(answers.stdout.splitlines())


def test_bouncy_castle_accepts_records_of_all_ages(tmp_path: Path) -> None:
    ages = {
        "new": Archive().start(2025, 2024),
        "renewed": Archive().start(2025, 2024).renew(2035, 2034),
        "renewed-among-others": Archive().start(2025, 2024).renew(2035, 2034, b"x" * 32),
        "renewed-twice": Archive().start(2025, 2024).renew(2035, 2034).renew(2045, 2044),
        "rehashed": Archive().start(2025, 2024).rehash(2035, 2034),
        "of-thirty-years": thirty_years(),
    }
    records = {
        f"{age}-{name}": (record, archive.groups[name])
        for age, archive in ages.items()
        for name, record in archive.records.items()
    }
    assert judge(tmp_path, records) == {f"{name} valid" for name in records}


def test_bouncy_castle_refuses_what_the_records_are_not_about(tmp_path: Path) -> None:
    record = thirty_years().records["doc-1"]
    answers = judge(tmp_path, {"another": (record, (b"another",))})
    assert answers == {"another object hash not found"}


def stored(engine: Engine, key: Key) -> tuple[EvidenceRecord, tuple[bytes, ...]]:
    """Return the record of a stored version, and its objects."""
    with engine.connect() as connection:
        record = read_record(connection, key)
        items = read_evidence(connection, key).items
        file = read_file(connection, key)
    assert record
    assert file
    return record_with_proofs(record), (file, *sorted({item.data for item in items if item.data}))


def test_bouncy_castle_accepts_records_of_a_store_at_all_ages(
    tmp_path: Path, sqlite_url: str, open_engine: EngineMaker
) -> None:
    engine = open_engine(sqlite_url)
    with serving() as site:
        services = Decades(site)
        trust = Trust(services.trust(tmp_path / "trust"), online=False, cache=tmp_path / "cache")
        store = Store(engine, trust, services)
        keys = [store.save(f"doc {number}") for number in range(5)]
        store.record()
        records = {"new": stored(engine, keys[0])}
        store.thirty_years()
        records |= {f"old-{key.signature_id}": stored(engine, key) for key in keys}
    (tmp_path / "judged").mkdir()
    answers = judge(tmp_path / "judged", records, year(2055))
    assert answers == {f"{name} valid" for name in records}
