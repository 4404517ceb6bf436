"""Links to versions, where the thread is deleted meanwhile; the rest is in `tests.web`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from app.store.database.engine import transaction
from app.store.errors import SignatureNotFound
from app.store.public_links import create_link
from app.store.signatures.large_texts import Key
from tests.store.threads import save


def test_a_version_that_is_gone_gets_no_link(engine: Engine) -> None:
    save(engine)
    ends = datetime(2036, 1, 1, tzinfo=UTC)
    with transaction(engine) as connection:
        assert create_link(connection, Key(1, 1), created_by=None, expires_at=ends)
        with pytest.raises(SignatureNotFound):
            create_link(connection, Key(1, 2), created_by=None, expires_at=ends)
