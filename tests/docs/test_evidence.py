"""The tutorial's way from B to LT, and the commands of docs/evidence.md, with services on loopback.

The services are those of `tests.evidence`: an authority's TSA, OCSP responder and CRLs.
"""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
import requests

from config.settings import Settings
from tests import pki
from tests.docs.pages import USUAL_ADDRESS, Block, blocks, read, section
from tests.docs.shell import BIN, attempt, run
from tests.docs.test_walks import answer_of, matches, steps
from tests.evidence.services import Services
from tests.live.server import PATIENCE, PROJECT, Server

pytestmark = pytest.mark.slow

CONTENT = b"I agree\n"
WALK = blocks(section(read("tutorial.md"), "From B to LT"))
PAGE = read("evidence.md")
#: Starts a server in the project's folder with its defaults; here another does.
START = blocks(PAGE, "sh")[0]
COMMANDS = blocks(PAGE, "sh")[1:]
#: Exit statuses other than 0 that are answers, too.
ANSWERS = {"flask --app wsgi evidence due": (1,)}


@dataclass(frozen=True)
class Office:
    """A server that obtains evidence, and a folder with a document and its signature."""

    services: Services
    server: Server
    folder: Path

    def run(self, block: Block, program: Callable[..., str] = run) -> str:
        """Run a block as it stands, but for the address, where `flask` is the project's."""
        script = block.text.replace(USUAL_ADDRESS, self.server.address)
        script = re.sub(r"^flask ", f"{BIN}/flask ", script, flags=re.MULTILINE)
        return program(script, self.folder, **self.server.environment)

    def save(self) -> None:
        """Save what evidence.md names."""
        services = self.services
        xml = services.sign_xml(services.person, services.colleague(1))
        saved = {"contract-7": (self.folder / "contract.b64").read_text(), "contract-8": xml}
        with requests.Session() as session:
            session.trust_env = False  # no proxy between us and the server
            for document, cms in saved.items():
                body = {"document": document, "thread": "approval", "cms": cms}
                answer = session.post(
                    f"{self.server.address}/signature", json=body, timeout=PATIENCE
                )
                assert answer.status_code == 201, answer.text


def sign(services: Services) -> str:
    """Return a detached signature that names its certificate, in base64."""
    signed = [*pki.attributes(CONTENT), pki.signing_certificate(services.person.certificate)]
    info = pki.signer_info(services.person, CONTENT, signed=sorted(signed))
    encoded = pki.signed_data(
        [info], [services.person, services.authority], None, digests=[pki.SHA256]
    )
    return b64encode(encoded).decode()


def settings_of(services: Services, folder: Path, worker: str) -> Mapping[str, str]:
    return {
        "PYTHONPATH": str(PROJECT),
        "WEB_CONCURRENCY": "2",
        "TRUST_DIR": str(services.trust(folder / "trust")),
        "REVOCATION": "online",
        "REVOCATION_CACHE": str(folder / "revocation"),
        "TSA_URL": services.site.url("/tsp"),
        "OUTGOING_ALLOW": "127.0.0.0/8",
        "EVIDENCE_TIMEOUT": f"{PATIENCE:g}",
        "EVIDENCE_WORKER": worker,
    }


@pytest.fixture(params=["sqlite", "postgresql"], name="office")
def start_office(
    request: pytest.FixtureRequest, services: Services, tmp_path: Path
) -> Iterator[Office]:
    """Provide a server whose worker is a thread of it, or, for evidence.md, the commands."""
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    if request.param == "postgresql":
        url = request.getfixturevalue("make_database")()
    worker = "on" if "tutorial" in request.node.name else "off"
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "contract.txt").write_bytes(CONTENT)
    (folder / "contract.b64").write_text(sign(services))
    services.trust(folder)
    services.know_authority(tmp_path / "trust")
    [program] = blocks(PAGE, "java")
    (folder / "VerifyRecord.java").write_text(program.text)
    server = Server(url, tmp_path, settings_of(services, tmp_path, worker))
    server.migrate()
    try:
        yield Office(services, server.start(), folder)
    finally:
        services.is_over.set()
        server.kill()


def test_the_tutorial_goes_from_b_to_lt(office: Office) -> None:
    # Nothing is stamped until the page has shown how a version waits.
    office.services.delays["tsp"] = PATIENCE
    answered = 0
    for command, expected in steps(WALK):
        if command.text.startswith("until "):
            office.services.is_over.set()
        output = office.run(command)
        if expected is not None:
            answered += 1
            if not matches(answer_of(output), json.loads(expected.text)):
                pytest.fail(f"{command.text}\n{expected.text}\n{output}", pytrace=False)
    assert answered == sum(block.language == "json" for block in WALK) == 4
    assert "Traceback" not in office.server.log


def test_the_first_lines_set_what_there_is() -> None:
    settings = dict(re.findall(r"^export (\w+)=(\S+)$", START.text, re.MULTILINE))
    assert START.text.endswith("\nmake run\n")
    read_settings = Settings.from_env({"DATABASE_URL": "sqlite:///none.sqlite3", **settings})
    assert settings["TSA_URL"] in read_settings.stamping_addresses


def answer_any(script: str, folder: Path, **settings: str) -> str:
    """Run a script whose exit status is an answer."""
    done = attempt(script, folder, **settings)
    allowed = [status for start, more in ANSWERS.items() if start in script for status in more]
    assert done.returncode in {0, *allowed}, f"{script}\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout


def is_here(block: Block) -> bool:
    """Return whether the program of a block is on this machine: not each is everywhere."""
    program = block.text.split()[0]
    if program == "java" and not Path("/usr/share/java/bcpkix.jar").exists():
        return False
    return program not in {"java", "xmlsec1"} or shutil.which(program) is not None


def test_the_commands_of_the_page_do_what_they_say(office: Office) -> None:
    office.save()
    said = {block.text: office.run(block, answer_any) for block in COMMANDS if is_here(block)}
    texts = "".join(said)
    for word in ("status", "work --once", "retry", "enqueue", "due", "profile=LT", "record"):
        assert word in texts, word
    [first] = [output for text, output in said.items() if "evidence status" in text]
    assert first.startswith("pending: 2, of which due now: 2\n")
    assert "versions tried: 2" in first


def test_what_is_exported_for_a_court_proves_itself(office: Office) -> None:
    office.save()
    office.run(COMMANDS[0])
    export, check, look = blocks(section(PAGE, "In court"), "sh")
    office.run(export)
    original = (office.folder / "contract-7-original.p7m").read_bytes()
    assert b64encode(original).decode() == (office.folder / "contract.b64").read_text()
    assert "All in all: yes" in (office.folder / "report.txt").read_text()
    assert office.run(check) == ""
    assert sha256(original).hexdigest().upper() in office.run(look)
    (office.folder / "contract.txt").write_bytes(b"I disagree\n")
    done = attempt(check.text, office.folder)
    assert done.returncode != 0


def test_an_archive_of_xml_proves_itself_by_programs_of_others(office: Office) -> None:
    office.save()
    office.run(COMMANDS[0])
    export, xml, stamps, record = blocks(section(PAGE, "XML in court"), "sh")
    office.run(export)
    assert "All in all: yes" in (office.folder / "report-8.txt").read_text()
    if is_here(xml):
        office.run(xml)
    said = office.run(stamps)
    assert "Cert Status: good" in said
    if is_here(record):
        said = office.run(record)
        assert said.startswith("existed at ")
        assert "newest.pem: OK" in said
    file = office.folder / "contract-8" / "signature.xml"
    file.write_bytes(file.read_bytes().replace(b"<b>test</b>", b"<b>tost</b>"))
    for block in filter(is_here, (xml, record)):
        assert attempt(block.text, office.folder).returncode != 0
