"""What is read of former timestamps: a damaged one keeps no other from being renewed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from app.cms import SHA_256
from app.evidence.former_stamps import Former, FormerStamps, Look, weakens_at
from app.evidence.network import Network
from app.evidence.revocation import RevocationSource
from app.store.evidence.batches import Due
from app.store.evidence.ending import Sample
from app.trust import Trust
from tests import pki
from tests.trust.serving import HERE

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("token", [b"no token", pki.timestamp(certificates=[])])
def test_what_can_not_be_read_has_no_date_and_accuses_nobody(token: bytes, tmp_path: Path) -> None:
    assert weakens_at(Sample(token, ())) == (b"", None)
    trust = Trust(tmp_path, online=False, cache=tmp_path)
    revocation = RevocationSource(Network(create_engine("sqlite://"), HERE, 1))
    stamps = FormerStamps(trust, revocation, SHA_256, lambda _: b"")
    assert stamps.look(Former(Due(1, 1, WHEN), ((1, token),), ())) == Look()


def test_a_certificate_inside_the_token_counts_where_none_is_kept() -> None:
    authority, end = weakens_at(Sample(pki.timestamp(), ()))
    assert (len(authority), end) == (32, None)
