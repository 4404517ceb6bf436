"""A package of files proves signatures when all authorities of their time have ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from app.cms import (
    Answer,
    CertificateList,
    EvidenceRecordStatus,
    Occasion,
    OcspResponse,
    SignatureFile,
    SignerStatus,
    parse,
)
from app.evidence.lasting import Preserved, outlast
from app.evidence.packages.reading import Package, read_package
from app.evidence.packages.writing import write_package
from app.evidence.records import read_file, read_record
from app.store.evidence.reading import read_evidence
from app.store.signatures.large_texts import Key
from app.trust import Trust
from app.trust.online import Findings
from app.trust.sources import Link
from tests import pki
from tests.evidence.decades import Archive, year
from tests.evidence.test_records import LATER
from tests.pki import Revoked


@pytest.fixture(name="key")
def key_of_a_document_of_two(archive: Archive) -> Key:
    """Save a document whose second signature covers the first."""
    services = archive.services
    services.know_authority(archive.trust.folder)
    return archive.save(cms=services.sign_xml(services.person, services.colleague(1)))


def pack(archive: Archive, key: Key) -> bytes:
    with archive.engine.connect() as connection:
        items = read_evidence(connection, key).items
        file = read_file(connection, key)
        stored = read_record(connection, key)
    assert file
    signature = parse(file.decode())
    return write_package(SignatureFile("xml", file), signature, items, stored)


def verify_later(archive: Archive, package: Package) -> tuple[SignerStatus, ...]:
    """Verify in 2055 with the anchors and what is in the package, and nothing else."""
    loaded = archive.trust.loaded()
    kept, data = package.kept, package.file.data
    when = Occasion(LATER, LATER, now=LATER)
    statuses = loaded.knowing_only(kept).verify(parse(data.decode()), at=when, tokens=kept.tokens)
    return outlast(statuses, Preserved(data, package.items, package.record, loaded, LATER))


def test_a_package_proves_all_after_thirty_years(archive: Archive, key: Key) -> None:
    archive.thirty_years()
    made = pack(archive, key)
    found = verify_later(archive, read_package(made))
    assert [one.whole.answer for one in found] == [Answer.YES] * 2, found[0].whole
    assert [one.decisive_time_source for one in found] == ["timestamp"] * 2
    assert pack(archive, key) == made
    assert len(made) < 60_000


def test_a_package_without_a_renewed_record_does_not(archive: Archive, key: Key) -> None:
    found = verify_later(archive, read_package(pack(archive, key)))
    assert [one.trusted.answer for one in found] == [Answer.UNKNOWN] * 2
    assert "the timestamp was not renewed before then" in str(found[0].trusted)


def examine(archive: Archive, package: Package, trust: Trust | None = None) -> EvidenceRecordStatus:
    """Verify the record of a package that others have brought."""
    loaded = (trust or archive.trust).loaded()
    data, record = package.file.data, package.record
    status = Preserved(data, package.items, record, loaded, LATER, is_brought=True).record
    assert status
    return status


def test_authorities_in_force_are_asked_about_a_record_that_is_brought(
    archive: Archive, key: Key
) -> None:
    archive.thirty_years()
    package, services = read_package(pack(archive, key)), archive.services
    asked: list[Link] = []

    def ask(links: Iterable[Link]) -> Findings:
        asked.extend(links)
        return Findings(found, {one: [] for one, _ in asked})

    def show() -> EvidenceRecordStatus | None:
        loaded, record = archive.trust.loaded(), package.record
        brought = Preserved(
            package.file.data, package.items, record, loaded, LATER, is_brought=True, ask=ask
        )
        return brought.record

    found: list[CertificateList | OcspResponse] = []
    status = show()
    # The authorities of 2024 and 2034 have ended; a later timestamp covers each of theirs.
    assert [one.subject for one, _ in asked] == [services.authority.subject, services.tsa.subject]
    assert status
    assert (status.verdict.answer, status.existed_at) == (Answer.UNKNOWN, None)
    assert "has to be known as of now" in str(status.verdict)
    for revoked, answer in (
        ((), Answer.YES),
        ((Revoked(services.tsa.serial, LATER, 1),), Answer.NO),
    ):
        found = [
            CertificateList(pki.crl(one, *listed, this_update=LATER, next_update=LATER + pki.DAY))
            for one, listed in ((services.authority, revoked), (services.root, ()))
        ]
        status = show()
        assert status
        assert (status.verdict.answer, bool(status.existed_at)) == (answer, answer is Answer.YES)


def test_a_record_that_is_brought_has_to_prove_that_no_authority_was_revoked(
    archive: Archive, key: Key, tmp_path: Path
) -> None:
    first = archive.services.tsa
    archive.thirty_years()
    package = read_package(pack(archive, key))
    assert examine(archive, package).verdict.answer is Answer.YES
    assert package.record
    only = tuple(one for one in package.items if one.kind in ("certificate", "timestamp"))
    bare = replace(package, record=replace(package.record, items=only))
    found = examine(archive, bare)
    assert (found.verdict.answer, found.existed_at) == (Answer.UNKNOWN, None)
    # The package has good answers of before; the operator has a list of later.
    services = archive.services
    crl = pki.crl(
        services.authority,
        Revoked(first.serial, year(2025), 1),
        this_update=services.now(),
        next_update=LATER + 365 * pki.DAY,
    )
    (archive.trust.folder / "nca.crl").write_bytes(crl)
    trust = Trust(archive.trust.folder, online=False, cache=tmp_path / "other cache")
    found = examine(archive, package, trust)
    assert (found.verdict.answer, found.existed_at) == (Answer.NO, None)
