"""Timestamps whose authority's certificate has ended: as of when they are known to exist."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cms import Answer, Occasion, SignerStatus, parse_der
from app.trust import Trust
from app.trust.kept import Kept
from tests import der, pki
from tests.evidence.decades import Decades, year
from tests.pki import Holder
from tests.trust.serving import Site

STAMPED, ENDED = year(2022), year(2023)


@pytest.fixture(name="services", scope="module")
def services_that_answer_nothing() -> Decades:
    return Decades(Site("http://127.0.0.1:1"))


@pytest.fixture(name="trust")
def trust_of_services(services: Decades, tmp_path: Path) -> Trust:
    folder = services.trust(tmp_path / "trust")
    return Trust(folder, online=False, cache=tmp_path / "cache")


def sign(services: Decades, until: datetime, *, ends: datetime = ENDED) -> tuple[bytes, bytes]:
    """Return a signature of a person until some day, with and without a timestamp of 2022.

    `ends` is when the certificate of its authority does.
    """
    tsa = services.generation(2021, ends)
    valid = year(2021), until
    who: Holder = pki.certify(
        pki.name("ИВАНОВ"), services.person.key, services.authority, pki.PERSON, valid=valid
    )
    value = pki.signature_of(pki.signer_info(who))
    token = pki.timestamp(value, STAMPED, by=tsa)
    inside = [der.attribute(pki.TIMESTAMP, token)]
    certificates = [who, services.authority]
    stamped, bare = (
        pki.signed_data(
            [pki.signer_info(who, unsigned=unsigned, signature=value)], certificates, pki.CONTENT
        )
        for unsigned in (inside, [])
    )
    return stamped, bare


def judge(trust: Trust, encoded: bytes, at: datetime | Occasion, kept: Kept) -> SignerStatus:
    [status] = trust.verify(parse_der(encoded), at=at, kept=kept)
    return status


def test_what_is_seen_after_the_certificate_ended_proves_nothing(
    trust: Trust, services: Decades
) -> None:
    stamped, _ = sign(services, ENDED)
    seen = judge(trust, stamped, year(2023, 2), Kept())
    assert (seen.path.answer, seen.decisive_time) == (Answer.YES, STAMPED)
    late = judge(trust, stamped, year(2023, 6), Kept())
    assert (late.path.answer, late.decisive_time_source) == (Answer.UNKNOWN, "given")
    assert "nothing shows that the timestamp existed before then" in str(
        [*map(str, late.path.reasons)]
    )
    # As of today, of a signature that was saved before.
    today = Occasion(year(2023, 6), year(2023, 6), stamps_known=year(2023, 2))
    assert judge(trust, stamped, today, Kept()).path.answer is Answer.YES


def test_what_is_seen_now_exists_now_whatever_time_is_asked_about(
    trust: Trust, services: Decades
) -> None:
    now = datetime.now(UTC)
    stamped, _ = sign(services, year(2023), ends=now + timedelta(days=9))
    later = judge(trust, stamped, now + timedelta(days=99), Kept())
    assert (later.path.answer, later.decisive_time) == (Answer.YES, STAMPED)


def test_an_answer_that_does_not_depend_on_it_stays(trust: Trust, services: Decades) -> None:
    stamped, _ = sign(services, year(2030))
    late = judge(trust, stamped, year(2023, 6), Kept())
    assert (late.path.answer, late.decisive_time_source) == (Answer.YES, "given")


def test_of_what_is_kept_a_record_may_show_more(trust: Trust, services: Decades) -> None:
    stamped, bare = sign(services, ENDED)
    [signer] = parse_der(stamped).signers
    [token] = [one.node.encoded for one in signer.tokens]
    kept = replace(Kept(), tokens={1: (token,)})
    assert judge(trust, bare, year(2023, 6), kept).decisive_time_source == "timestamp"
