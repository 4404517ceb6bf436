"""Clients of NCANode's version 3: all see what they look for, once their address is changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import pki
from tests.api import people
from tests.api.ncanode3.asking import BOTH, base64
from tests.api.people import cms, ivan
from tests.live.conftest import StartServer
from tests.live.server import Server
from tests.pki import CONTENT

HERE = Path(__file__).parent
PROGRAMS = {"php": "ncanode3_client.php", "node": "ncanode3_client.mjs"}

pytestmark = pytest.mark.live


@pytest.fixture(scope="module", name="server")
def server_with_a_crl(
    start_server: StartServer, tmp_path_factory: pytest.TempPathFactory
) -> Server:
    """Start a server that trusts the authority, and has its CRL."""
    folder = tmp_path_factory.mktemp("ncanode3")
    anchors = people.trust(folder / "trust", pki.authority())
    people.publish(anchors, pki.Revoked(people.chief().serial, datetime(2024, 6, 1, tzinfo=UTC), 1))
    return start_server(
        f"sqlite:///{folder / 'store.sqlite3'}", TRUST_DIR=str(anchors), WEB_CONCURRENCY="1"
    )


def run(program: str, server: Server, *questions: tuple[str, Any]) -> list[dict[str, Any]]:
    """Return what a program saw of each answer. Skips the test where it is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    lines = "".join(json.dumps({"path": path, "body": body}) + "\n" for path, body in questions)
    done = subprocess.run(
        [program, HERE / PROGRAMS[program], f"{server.address}/ncanode3"],
        input=lines,
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_php_programs_see_what_they_look_for(server: Server) -> None:
    detached = cms(ivan(), attached=False)
    seen = run(
        "php",
        server,
        ("/cms/verify", {"revocationCheck": BOTH, "cms": cms(ivan(), stamped=True), "data": ""}),
        ("/cms/verify", {"revocationCheck": BOTH, "cms": detached, "data": base64(CONTENT)}),
        ("/cms/verify", {"revocationCheck": BOTH, "cms": detached, "data": base64(b"another")}),
        ("/cms/verify", {"revocationCheck": BOTH, "cms": cms(people.chief()), "data": ""}),
        ("/xml/verify", {"revocationCheck": BOTH, "xml": pki.sign_xml(signers=[ivan()])}),
        ("/cms/extract", {"cms": cms(ivan())}),
        ("/cms/sign", {"data": "", "signers": [{"key": "MII", "password": "x"}]}),
        ("/actuator/health", None),
    )
    assert [one["http"] for one in seen] == [200, 200, 400, 200, 200, 200, 403, 200]
    said = [one["laravel"] for one in seen]
    assert said[:2] == ["valid", "valid"]
    assert "content hash found in signed attributes different" in said[2]
    assert said[3:6] == ["not valid", "valid", "done"]
    assert said[6].startswith("refused: Private keys")
    assert seen[0]["moodle"] == {
        "time": "2025-06-01T12:00:00.000+00:00",
        "people": [
            {
                "iin": people.IIN,
                "dn": f"GIVENNAME=ИВАНОВИЧ, SERIALNUMBER=IIN{people.IIN}, SURNAME=ИВАНОВ, "
                "CN=ИВАНОВ ИВАН",
                "for signing": True,
                "since": "2024-01-01",
                "until": "2034-01-01",
                "against": [],
            }
        ],
    }
    [chief] = seen[3]["moodle"]["people"]
    assert chief["against"] == {"CRL": "KEY_COMPROMISE"}


def test_node_services_see_who_signed(server: Server) -> None:
    seen = run(
        "node",
        server,
        ("/cms/verify", {"cms": cms(ivan())}),
        ("/cms/verify", {"cms": "AA=="}),
        ("/xml/sign", {"xml": "<a/>", "signers": []}),
    )
    assert seen[0] == {
        "http": 200,
        "valid": True,
        "iin": people.IIN,
        "name": "ИВАНОВ ИВАН",
        "said": None,
    }
    assert [(one["http"], bool(one["said"])) for one in seen[1:]] == [(400, True), (403, True)]


def test_replayed_requests_of_others(server: Server) -> None:
    """Those of the Python client, of a login by certificate, and of a probe by a wrong CMS."""

    def post(path: str, **body: Any) -> requests.Response:
        return requests.post(f"{server.address}/ncanode3{path}", json=body, timeout=60)

    verified = post("/xml/verify", xml=pki.sign_xml(signers=[ivan()]), revocationCheck=["OCSP"])
    assert (verified.status_code, verified.json()["valid"]) == (200, True)
    assert verified.json()["signers"][0]["subject"]["iin"] == people.IIN
    described = post("/x509/info", certs=[base64(ivan().certificate)], revocationCheck=["CRL"])
    [certificate] = described.json()["signers"]
    assert certificate["issuer"]["commonName"] == "NCA"
    assert datetime.fromisoformat(certificate["notAfter"]) > datetime.now(UTC)
    assert post("/tsp/create", xml="<a/>").status_code == 404
    probe = post("/cms/verify", cms="AA==")
    assert 400 <= probe.status_code < 500
    assert probe.json()["message"]
