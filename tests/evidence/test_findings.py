"""What a yes rests on is named: anchor, time, and what says that nothing was revoked, and when."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import pki
from tests.api.asking import save
from tests.conftest import AppMaker
from tests.evidence.services import Services

Json = dict[str, Any]
NAMES = {"document": "doc", "thread": "main"}
STORED = ("--document", "doc", "--thread", "main")


@pytest.fixture(name="app")
def app_with_evidence(make_app: AppMaker, services: Services, tmp_path: Path) -> Flask:
    app = make_app(**services.settings(tmp_path))
    save(app.test_client(), cms=services.sign(), thread="main")
    result = app.test_cli_runner().invoke(args=["evidence", "work", "--once"])
    assert result.exit_code == 0
    return app


def verified(app: Flask) -> Json:
    answer = app.test_client().get("/signature/verify", json=NAMES)
    [signer] = answer.json["content"]["verification"]["signers"]  # type: ignore[index] # it is JSON
    return dict(signer)


def print_verification(app: Flask, *options: str) -> str:
    result = app.test_cli_runner().invoke(args=["verify", *STORED, *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_each_yes_names_its_proof(app: Flask, services: Services) -> None:
    signer = verified(app)
    anchor = {"name": "ROOT", "sha256": sha256(services.root.certificate).hexdigest()}
    assert (signer["decisive_time_source"], signer["anchor"]) == ("timestamp", anchor)
    for part, subjects in ((signer, ["ИВАНОВ ИВАН", "NCA"]), (signer["timestamp"], ["TSA", "NCA"])):
        assert part["anchor"] == anchor
        findings = part["revocation_findings"]
        assert [one["certificate"]["subject"] for one in findings] == subjects
        assert [(one["type"], one["source"]) for one in findings] == [
            ("ocsp", "kept"),
            ("crl", "kept"),
        ]
        assert all(one["decides"] and one["answer"] == "yes" for one in findings)
        assert findings[0]["this_update"] >= signer["decisive_time"]
        assert findings[0]["produced_at"] == findings[0]["this_update"]
        assert (findings[0]["next_update"], findings[1]["produced_at"]) == (None, None)
        assert findings[1]["next_update"] is not None
    own = signer["revocation_findings"][0]["certificate"]
    assert own["serial_number"] == f"{services.person.serial:x}"
    assert own["issuer"] == "NCA"


def test_flask_verify_uses_what_is_kept_and_names_it(app: Flask) -> None:
    [signer] = json.loads(print_verification(app, "--json"))["verification"]["signers"]
    assert signer["revocation_findings"] == verified(app)["revocation_findings"]
    text = print_verification(app)
    assert "ИВАНОВ ИВАН leads to the trust anchor ROOT, SHA-256 " in text
    assert "ИВАНОВ ИВАН was not revoked: OCSP response of " in text
    assert "NCA was not revoked: CRL of " in text
    assert "TSA was not revoked: OCSP response of " in text
    assert "obtained earlier and stored" in text
    assert "получено раньше и хранится" in print_verification(app, "--language", "ru")


def test_what_was_asked_of_a_server_has_its_address(
    make_app: AppMaker, services: Services, tmp_path: Path
) -> None:
    app = make_app(
        TRUST_DIR=str(services.trust(tmp_path / "anchors")),
        EVIDENCE="off",
        REVOCATION="online",
        REVOCATION_CACHE=str(tmp_path / "cache"),
        OUTGOING_ALLOW="127.0.0.0/8",
    )
    save(app.test_client(), cms=services.sign(), thread="main")
    for _ in range(2):  # The second time from the cache.
        findings = verified(app)["revocation_findings"]
        found = {(one["type"], one["source"], one["address"]) for one in findings}
        assert found == {
            ("ocsp", "online", services.site.url("/ocsp")),
            ("crl", "online", services.site.url("/root.crl")),
        }
    text = print_verification(app)
    assert f"requested of the authority at {services.site.url('/ocsp')}" in text


def test_a_list_that_does_not_count_says_why(app: Flask, services: Services) -> None:
    foreign = pki.crl(
        services.authority, this_update=pki.SIGNING_TIME, next_update=None, forged=True
    )
    folder = Path(app.extensions["trust"].folder)
    (folder / "foreign.crl").write_bytes(foreign)
    findings = verified(app)["revocation_findings"]
    [doubtful] = [one for one in findings if one["source"] == "operator"]
    assert (doubtful["answer"], doubtful["decides"]) == ("unknown", False)
    assert doubtful["reasons"] == ["a CRL in the name of NCA is not signed by it"]
    assert verified(app)["revocation"]["answer"] == "yes"
