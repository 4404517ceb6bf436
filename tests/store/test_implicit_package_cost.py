"""Unregistered threads, as large as a package may be."""

from __future__ import annotations

import json
import math
import time

import pytest
from sqlalchemy import Engine, text

from app.api.iinked.status import Origin, status_pieces, status_shape
from app.store.database.engine import in_survey
from app.store.packages.implicit import MAX_DOCUMENTS, find_implicit
from app.store.packages.thread_people import PORTION
from app.store.signatures.standings import REFUSED
from tests.cpu import allowed
from tests.store.packages import CLAIMS
from tests.store.test_statements import counted_statements

#: Signers of each document.
SIGNERS = 256
#: Seconds of CPU of this process that the answer may take; those of a server aside.
BUDGET = 1.0
#: The same, where all signers differ: SQLite, which is in the process, parses 60 MB of facts.
BUDGET_OF_OTHERS = 4.0


FILL = """
INSERT INTO signatures (document, thread, version, created_at, updated_at)
WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :documents)
SELECT 'doc ' || n, 'all', 1, '2025-06-01 12:00:00.000000', '2025-06-01 12:00:00.000000'
FROM series
"""
FILL_VERSIONS = """
INSERT INTO versions (signature_id, version, cms, tags, created_at)
SELECT id, 1, 'MII=', '[]', created_at FROM signatures
"""
FILL_SIGNERS = """
INSERT INTO signers
    (signature_id, version, number, claimed_iin, digest_algorithm, message_digest, facts)
SELECT id, 1, {number}, {iin}, '2.16', 'ab', CAST(:facts AS {json}) FROM signatures
"""
FACTS = '{"claimed": {"name": "A", "given_name": "A", "surname": null, "email": null}}'
FILL_OTHERS = """
INSERT INTO signers (signature_id, version, number, claimed_iin, digest_algorithm, message_digest,
    facts, standing, judged_against)
SELECT id, {row} FROM signatures
"""
#: Twelve digits, of each document's own.
OWN_IIN = {
    "sqlite": "printf('%09d%03d', id, {number})",
    "postgresql": "lpad(id::text, 9, '0') || lpad('{number}', 3, '0')",
}


def fill(engine: Engine, *, same: bool) -> None:
    """Save as many documents as a package may have, each signed by the same people or by others."""
    dialect = engine.dialect.name
    json_type = "json" if dialect == "postgresql" else "text"
    with engine.connect() as connection:
        connection.execute(text(FILL), {"documents": MAX_DOCUMENTS})
        connection.execute(text(FILL_VERSIONS))
        for number in range(1, SIGNERS + 1):
            claimed = {"name": f"NAME {number}", "given_name": "A", "surname": None, "email": None}
            facts = json.dumps({"claimed": claimed, "certificate": {"sha256": "x" * 1000}})
            iin = f"'{number:012}'" if same else OWN_IIN[dialect].format(number=number)
            statement = FILL_SIGNERS.format(number=number, json=json_type, iin=iin)
            connection.execute(text(statement), {"facts": facts})


@pytest.mark.attacks
@pytest.mark.parametrize("same", [True, False])
def test_a_package_of_all_documents_and_signers_is_written_in_a_second(
    engine: Engine, same: bool
) -> None:
    fill(engine, same=same)
    began = time.process_time()
    with (
        counted_statements(engine) as statements,
        engine.connect() as connection,
        in_survey(connection),
    ):
        status = find_implicit(connection, "all", CLAIMS)
        assert status is not None
        answer = b"".join(status_pieces(status, Origin(None, None)))
        took = time.process_time() - began
        asked = len([one for one in statements if "FROM" in one])
        shape = status_shape(status, Origin(None, None))
    assert took < allowed(BUDGET if same else BUDGET_OF_OTHERS)
    assert asked == 2 + math.ceil(SIGNERS * (1 if same else MAX_DOCUMENTS) / PORTION)
    reported = json.loads(answer)
    assert reported == shape
    assert len(reported["documents"]) == MAX_DOCUMENTS
    assert {len(document["revisions"]) for document in reported["documents"]} == {SIGNERS}
    signers = SIGNERS if same else SIGNERS * MAX_DOCUMENTS
    assert [signer["firstName"] for signer in reported["signers"]] == ["A"] * signers
    assert len({signer["signerId"] for signer in reported["signers"]}) == signers


@pytest.mark.attacks
def test_signers_who_signed_other_documents_each_take_little_more(engine: Engine) -> None:
    """What the thread began with was read for each pair of them: 2.6 s a document on SQLite."""
    documents = 20
    digest = {"sqlite": "printf('%02x', {number})", "postgresql": "to_hex({number})"}
    with engine.connect() as connection:
        connection.execute(text(FILL), {"documents": documents})
        connection.execute(text("UPDATE signatures SET version = 2"))
        for version in (1, 2):
            connection.execute(text(FILL_VERSIONS.replace("id, 1,", f"id, {version},")))
            for number in range(1, SIGNERS + 1):
                own = digest[engine.dialect.name].format(number=number + 1000 * version)
                person, standing = f"'{number:012}'", REFUSED if version == 1 else "NULL"
                row = f"{version}, {number}, {person}, '2.16', {own}, '{FACTS}', {standing}, 0"
                connection.exec_driver_sql(FILL_OTHERS.format(row=row))
    began = time.process_time()
    with engine.connect() as connection, in_survey(connection):
        status = find_implicit(connection, "all", CLAIMS)
        assert status is not None
        reported = status_shape(status, Origin(None, None))
    assert time.process_time() - began < allowed(2)
    signed = [
        revision["isSigned"]
        for document in reported["documents"]
        for revision in document["revisions"]
    ]
    assert (len(signed), sum(signed)) == (documents * SIGNERS, documents)
