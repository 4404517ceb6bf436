"""GET /signature/evidence-record, and what it does for GET /signature/verify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.cli.signature import EXIT_STATUS
from app.cms import SignedData, parse, read_evidence_record
from app.store.database.engine import transaction
from app.store.evidence import jobs, keeping
from app.store.evidence.keeping import Item, State
from app.store.signatures.large_texts import Key
from app.trust import Trust
from tests import pki
from tests.api.asking import content_of, message_of
from tests.conftest import AppMaker, EngineMaker
from tests.evidence.decades import Archive, Decades, year
from tests.pki import SHA256
from tests.store.evidence.queued import queue
from tests.trust.serving import serving

PATH = "/signature/evidence-record"
NAMED = {"document": "doc", "thread": "main"}
#: When it was stamped by an authority whose certificate has ended.
STAMPED = year(2025)


@pytest.fixture(name="services")
def run_services() -> Iterator[Decades]:
    with serving() as site:
        yield Decades(site)


@pytest.fixture(name="archive")
def archive_of_services(
    database_url: str, open_engine: EngineMaker, services: Decades, tmp_path: Path
) -> Archive:
    folder = services.trust(tmp_path / "trust")
    trust = Trust(folder, online=False, cache=tmp_path / "cache")
    return Archive(open_engine(database_url), trust, services)


@pytest.fixture(name="client")
def client_with_anchors(make_app: AppMaker, archive: Archive) -> FlaskClient:
    return make_app(TRUST_DIR=str(archive.trust.folder)).test_client()


def save_stamped(archive: Archive) -> Key:
    """Save a signature whose evidence was obtained from an authority that ended since then."""
    services = archive.services
    services.tsa = services.generation(2024, year(2026))
    archive.go_to(STAMPED)
    cms = services.sign()
    signature = parse(cms)
    assert isinstance(signature, SignedData)
    token = pki.timestamp(signature.signers[0].signature, STAMPED, by=services.tsa)
    serials = services.person.serial, services.tsa.serial
    answers = [
        pki.ocsp(services.authority, one, this_update=STAMPED, digest=SHA256) for one in serials
    ]
    items = [
        Item(1, "timestamp", token),
        Item(1, "certificate", services.authority.certificate),
        Item(1, "certificate", services.tsa.certificate),
        Item(1, "crl", services.site.answers["/root.crl"].body),
        *[Item(1, "ocsp", one) for one in answers],
    ]
    [key] = queue(archive.engine, "doc", cms=cms)
    with transaction(archive.engine) as connection:
        jobs.claim(connection, 1, "me", 600)
        state = State(number=1, state="complete", card=True)
        assert keeping.keep(connection, key, items, [state], "me")
    return key


def lacks(client: FlaskClient) -> dict[str, str]:
    """Return which parts of level LT are not proven."""
    answer = client.get("/signature/evidence", query_string=NAMED)
    [signer] = content_of(answer)["evidence"]["signers"]
    return {one["part"]: one["answer"] for one in signer["lacks"]}


def test_a_record_is_a_file_in_der(client: FlaskClient, archive: Archive) -> None:
    save_stamped(archive)
    answer = client.get(PATH, query_string=NAMED)
    assert "There is no evidence record of this version yet" in message_of(answer, 409)
    # What only the timestamp proves is unknown, too: that the signer was not revoked by then.
    assert lacks(client) == {"timestamp": "unknown", "path": "unknown", "revocation": "unknown"}
    assert archive.record() == 1
    answer = client.get(PATH, query_string=NAMED | {"version": 1})
    assert answer.status_code == 200
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="evidence-record.ers"'
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert len(read_evidence_record(answer.data).chains) == 1
    assert client.get(PATH, query_string=NAMED | {"version": 2}).status_code == 404
    assert client.get(PATH, query_string={"document": "doc"}).status_code == 400


def test_a_timestamp_whose_certificate_has_ended_counts_if_a_record_shows_it(
    client: FlaskClient, archive: Archive
) -> None:
    save_stamped(archive)

    def trusted() -> tuple[str, str]:
        verification = content_of(client.get("/signature/verify", query_string=NAMED))
        found = verification["verification"]["trusted"]
        return found["answer"], str(found["reasons"])

    named = ["verify", "--document", "doc", "--thread", "main"]
    runner = client.application.test_cli_runner()
    answer, reasons = trusted()
    assert answer == "unknown"
    assert runner.invoke(args=named).exit_code == EXIT_STATUS["unknown"]
    assert "the timestamp was not renewed before then" in reasons
    archive.record()
    assert trusted()[0] == "unknown"  # The tree was stamped by that authority, too.
    archive.go_to(year(2025, 9), 2024)
    archive.record()
    answer, reasons = trusted()
    assert answer == "yes", reasons
    assert lacks(client) == {}
    assert runner.invoke(args=named).exit_code == EXIT_STATUS["yes"]


def test_a_record_of_later_shows_nothing(client: FlaskClient, archive: Archive) -> None:
    save_stamped(archive)
    archive.go_to(year(2026, 4), 2024)
    archive.record()
    verification = content_of(client.get("/signature/verify", query_string=NAMED))
    assert verification["verification"]["trusted"]["answer"] == "unknown"
