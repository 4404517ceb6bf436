"""Signatures that were saved while no evidence was obtained get it by one command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.asking import save
from tests.api.evident import evidence_of, sign, text, work
from tests.conftest import AppMaker
from tests.evidence.services import Services


@pytest.mark.slow
def test_what_was_saved_before_gets_its_evidence(
    make_app: AppMaker, services: Services, tmp_path: Path
) -> None:
    app = make_app(**services.settings(tmp_path, EVIDENCE="off"))
    client = app.test_client()
    save(client, cms=text(sign(services)))
    assert evidence_of(client)["state"] is None
    assert "added to the queue: 0" in work(app, "enqueue", "--since", "2999-01-01")
    said = work(app, "enqueue")
    assert "added to the queue: 1" in said
    assert "while evidence is off" in said
    assert "added to the queue: 0" in work(app, "enqueue")
    assert evidence_of(client)["state"] == "pending"
    work(app)
    assert evidence_of(client)["state"] == "complete"
    assert "added to the queue: 0" in work(app, "enqueue")
