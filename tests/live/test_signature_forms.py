"""Forms of a CMS with its evidence as Bouncy Castle reads them, which has nothing to do with us."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.asking import save
from tests.api.evident import CONTENT, NAMED, sign, text, work
from tests.conftest import AppMaker
from tests.evidence.services import running

JUDGE = Path(__file__).parent / "java" / "FormJudge.java"
JARS = [Path("/usr/share/java", f"{name}.jar") for name in ("bcpkix", "bcprov", "bcutil")]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK (default-jdk-headless)"),
    pytest.mark.skipif(
        not all(jar.exists() for jar in JARS), reason="needs Bouncy Castle (libbcpkix-java)"
    ),
]
EXPECTED = {
    "T 1 tokens, 0 CRLs, 0 responses",
    "LT 1 tokens, 1 CRLs, 2 responses",
    "ddcard 1 tokens, 1 CRLs, 2 responses",
}


def test_bouncy_castle_finds_all_evidence_in_each_form(
    start_app: AppMaker, sqlite_url: str, tmp_path: Path
) -> None:
    with running() as services:
        app = start_app(
            DATABASE_URL=sqlite_url,
            TRUST_DIR=str(services.trust(tmp_path / "trust")),
            EVIDENCE="queue",
            TSA_URL=services.site.url("/tsp"),
            OUTGOING_ALLOW="127.0.0.0/8",
        )
        client = app.test_client()
        save(client, cms=text(sign(services, attached=False)))
        work(app)
    (tmp_path / "content").write_bytes(CONTENT)
    names = [line.split()[0] for line in EXPECTED]
    for name in names:
        answer = client.get("/signature/file", query_string={**NAMED, "profile": name})
        assert answer.status_code == 200
        (tmp_path / name).write_bytes(answer.data)
    classes = ":".join(map(str, JARS))
    command = ["java", "-cp", classes, str(JUDGE), "content", *names]
    found = subprocess.run(
        command, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120
    )
    assert set(found.stdout.splitlines()) == EXPECTED
