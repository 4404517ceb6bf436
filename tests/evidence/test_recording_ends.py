"""Trees whose timestamps end early: their algorithm gets a date, or their authority is revoked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import select

from app.cms import Answer
from app.cms.algorithms import dates
from app.store.models import EvidenceBatchItem
from tests import pki
from tests.evidence.decades import Archive, Decades, year
from tests.evidence.test_recording import lengths, requests
from tests.evidence.test_records import verify_later
from tests.pki import Holder, Revoked


def small_stamper(services: Decades) -> Holder:
    """Return an authority of timestamps until 2036 whose key has 1024 bits."""
    key = pki.rsa_key("small", bits=1024)
    extensions = (*pki.STAMPER, *services.named)
    valid = year(2024), year(2036)
    return pki.certify(pki.name("SMALL TSA"), key, services.authority, extensions, valid=valid)


@pytest.fixture(name="give_date")
def dated_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    dates.broken_signature.cache_clear()


def small_keys_end(patch: pytest.MonkeyPatch, end: datetime) -> None:
    """Give keys of less than 2048 bits another date in the table."""
    patch.setattr(dates, "_SMALL", end)
    dates.broken_signature.cache_clear()


def test_timestamps_are_renewed_before_their_algorithm_ends(
    archive: Archive, give_date: pytest.MonkeyPatch
) -> None:
    small_keys_end(give_date, year(2060))
    key = archive.save()
    former = archive.services.tsa
    archive.services.tsa = small_stamper(archive.services)
    assert archive.record() == 1
    archive.services.tsa = former
    archive.go_to(year(2029, 6))
    assert archive.record() == 0
    small_keys_end(give_date, year(2030))
    # By an authority with such a key nothing would be gained.
    archive.services.tsa = small_stamper(archive.services)
    assert archive.record() == 0
    archive.services.tsa = archive.services.generation(2024, year(2038))
    assert archive.record() == 1
    assert lengths(archive, key) == [2]
    assert archive.record() == 0
    status = verify_later(archive, key, year(2037))
    assert status.trusted.answer is Answer.YES, status.trusted


def test_a_tree_by_an_algorithm_that_ends_soon_is_due_before_its_certificate_ends(
    archive: Archive, give_date: pytest.MonkeyPatch
) -> None:
    small_keys_end(give_date, year(2030))
    key = archive.save()
    former = archive.services.tsa
    archive.services.tsa = small_stamper(archive.services)
    assert archive.record() == 1
    archive.services.tsa = former
    archive.go_to(year(2029, 6))
    assert archive.record() == 1
    assert lengths(archive, key) == [2]


def kept_for_batches(archive: Archive) -> dict[int, list[str]]:
    """Return the kinds of what is kept for each batch."""
    table = EvidenceBatchItem
    with archive.engine.connect() as connection:
        rows = connection.execute(select(table.batch_id, table.kind).order_by(table.batch_id))
        found: dict[int, list[str]] = {}
        for batch_id, kind in rows:
            found.setdefault(batch_id, []).append(kind)
    return found


def test_the_former_authority_is_asked_about_before_its_timestamps_are_renewed(
    archive: Archive,
) -> None:
    keys = [archive.save("doc")]
    archive.record()
    keys.append(archive.save("later"))
    archive.record()
    archive.go_to(year(2035, 6), 2034)
    archive.services.site.asked.clear()
    assert archive.record() == 1
    # Once for both trees; and about the new one.
    assert archive.services.site.asked.count("POST /ocsp") == 2
    kept = kept_for_batches(archive)
    assert [kinds.count("ocsp") for kinds in kept.values()] == [2, 2, 1]
    for key in keys:
        status = verify_later(archive, key, year(2040))
        assert status.trusted.answer is Answer.YES, status.trusted


def test_without_an_answer_about_the_former_authority_they_are_renewed_nevertheless(
    archive: Archive,
) -> None:
    key = archive.save()
    former = archive.services.tsa
    archive.record()
    archive.go_to(year(2035, 6), 2034)
    crl = archive.services.site.answers.pop("/nca.crl")
    answer = archive.services.answer
    archive.services.site.serve(
        "/ocsp",
        make=lambda question: b"" if der_integer(former.serial) in question else answer(question),
    )
    assert archive.record() == 1
    archive.services.site.answers["/nca.crl"] = crl
    assert lengths(archive, key) == [2]


def der_integer(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 8) // 8, "big")


def test_what_an_authority_stamped_that_was_revoked_is_stamped_by_another(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    key = archive.save()
    services = archive.services
    services.tsa = stolen = services.generation(2024, year(2037))
    assert archive.record() == 1
    services.revoked[stolen.serial] = Revoked(stolen.serial, year(2034), 1)
    archive.go_to(year(2036))
    services.tsa = services.generation(2034)
    requests(archive)
    with caplog.at_level(logging.ERROR):
        archive.record()
        archive.record()
    assert "prove nothing" in caplog.text
    assert "was revoked on" in caplog.text
    assert requests(archive) == 1
    assert lengths(archive, key) == [1]
    kept = kept_for_batches(archive)
    assert "ocsp" in kept[min(kept)]
    status = verify_later(archive, key, year(2040))
    assert status.trusted.answer is Answer.YES, status.trusted
    archive.go_to(year(2045, 6), 2044)
    assert archive.record() == 1
    assert lengths(archive, key) == [2]
