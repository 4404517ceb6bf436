"""Signers sign by their links in Chromium, with the stand-in for NCALayer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from playwright.sync_api import Browser, FilePayload, Page, Route, expect, sync_playwright
from werkzeug.serving import make_server

from app.extensions import db
from app.standin import Mode, Person, StandIn, make_endpoint, make_identity
from app.standin.cms import sign
from app.standin.identity import Identity, make_authority
from tests.api.asking import content_of
from tests.conftest import AppMaker
from tests.pki import CONTENT
from tests.signing.kept import keep

pytestmark = [pytest.mark.live, pytest.mark.slow]

AUTHORITY = make_authority()
IVAN = make_identity(Person("900101300017", "ИВАНОВ ИВАН"), AUTHORITY)
ANNA = make_identity(
    Person("910202400025", "ПЕТРОВА АННА", "050140001234", "ТОО ПРИМЕР"), AUTHORITY
)
STAND_IN = StandIn(IVAN, make_endpoint())
#: WCAG 2.2 AA, as axe names what it looks for.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: What a browser that knows the permission answers.
PERMISSION = "navigator.permissions.query = async () => ({{ state: {state!r} }});"


@pytest.fixture(name="port", scope="module")
def serve_stand_in() -> Iterator[int]:
    with STAND_IN.serving() as port:
        yield port


@pytest.fixture(name="browser", scope="module")
def start_browser() -> Iterator[Browser]:
    trusted = f"--ignore-certificate-errors-spki-list={STAND_IN.endpoint.spki}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*CHROMIUM, trusted]
        )
        yield browser
        browser.close()


@dataclass
class Office:
    """A server on loopback, and the requests of the office to it."""

    app: Flask
    address: str

    def ask(self, **more: Any) -> list[str]:
        """Add a package for both to sign; return the addresses of their links."""
        document = {"externalId": "contract", "name": "Contract", "fileName": "contract.txt"}
        given = {
            "name": "Loan",
            "type": "concurrent",
            "state": "open",
            "thread": "main",
            "generateSignerLinks": True,
            "documents": [{**document, "sha256": sha256(CONTENT).hexdigest()}],
            "signers": [
                {"lastName": "ИВАНОВ", "iin": IVAN.iin},
                {"lastName": "ПЕТРОВА", "iin": ANNA.iin, "bin": ANNA.bin},
            ],
            **more,
        }
        answer = self.app.test_client().post("/packages/add", json=given).get_json()
        links = [one["signLink"]["link"] for one in answer["package"]["signers"]]
        return [self.address + one.removeprefix("https://office.example.kz") for one in links]

    def read(self, query: str) -> dict[str, Any]:
        """Ask the API."""
        return content_of(self.app.test_client().get(query))


@pytest.fixture(name="office")
def serve_office(
    start_app: AppMaker, sqlite_url: str, port: int, tmp_path: Path
) -> Iterator[Office]:
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "0.cer").write_bytes(AUTHORITY.certificate.public_bytes(Encoding.DER))
    app = start_app(
        DATABASE_URL=sqlite_url,
        TRUST_DIR=str(trust),
        NCALAYER_URL=f"wss://127.0.0.1:{port}/",
        PUBLIC_URL="https://office.example.kz",
    )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Office(app, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(name="page")
def open_page(browser: Browser) -> Iterator[Page]:
    STAND_IN.identity, STAND_IN.behaviour.mode = IVAN, Mode.OK
    STAND_IN.behaviour.version, STAND_IN.behaviour.any_key = "1.4", False
    context = browser.new_context(locale="en-US", service_workers="block")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


def visit(page: Page, link: str, *, content: bytes | None = CONTENT) -> None:
    """Open a link, and choose the document."""
    page.goto(link)
    if content is not None:
        choose(page, "document-1", content)


def choose(page: Page, field: str, content: bytes) -> None:
    file = FilePayload(name="contract.txt", mimeType="text/plain", buffer=content)
    page.locator(f"#{field}").set_input_files(file)


def begin(page: Page) -> None:
    """Sign, and go on where the browser's permission is explained first, as Chromium wants."""
    page.locator("#begin").click()
    expect(page.locator("#said > :not([hidden], [data-says='checking'])")).to_have_count(1)
    if page.locator("#go-on").is_visible():
        page.locator("#go-on").click()


def expect_said(page: Page, what: str) -> None:
    expect(page.locator(f"[data-says='{what}']")).to_be_visible()
    expect(page.locator("#said > :not([hidden])")).to_have_count(1)


def check_accessible(page: Page) -> None:
    found = Axe().run(page, options=RULES)
    assert not found.response["violations"], found.generate_report()


def test_two_signers_sign_and_the_office_sees_both(office: Office, page: Page) -> None:
    first, second = office.ask()
    visit(page, first)
    expect(page.locator("h1")).to_have_text("You are asked to sign")
    check_accessible(page)
    begin(page)
    page.wait_for_url("**/sign/*marks=*")
    expect(page.locator("h1")).to_have_text("You have signed")
    expect(page.locator(".verdict.unknown")).to_have_count(2)
    check_accessible(page)
    asked = STAND_IN.asked[-1]["args"]
    assert asked["signerParams"]["iin"] == IVAN.iin
    assert asked["signingParams"] == {
        "decode": True,
        "encapsulate": False,
        "digested": False,
        "tsaProfile": {},
    }
    STAND_IN.identity, STAND_IN.behaviour.mode = ANNA, Mode.OLD
    visit(page, f"{second}?lang=kk")
    begin(page)
    page.wait_for_url("**/sign/*marks=*")
    expect(page.locator("h1")).to_have_text("Барлығы қол қойды")

    versions = office.read("/signature/versions?document=contract&thread=main&with=signers")
    names = [[one["claimed"]["name"] for one in each["signers"]] for each in versions["versions"]]
    assert names == [["ИВАНОВ ИВАН", "ПЕТРОВА АННА"], ["ИВАНОВ ИВАН"]]
    data = CONTENT.decode()
    verified = office.read(f"/signature/verify?document=contract&thread=main&data={data}")
    answers = verified["verification"]
    assert (answers["intact"]["answer"], answers["valid"]["answer"]) == ("yes", "yes")
    for one in answers["signers"]:
        assert one["path"]["answer"] == "yes"
    page.goto(f"{office.address}/app/thread?document=contract&thread=main")
    expect(page.locator("main h2")).to_have_text(["Version 2", "Version 1"])
    expect(page.locator("main li").first).to_contain_text("New: ПЕТРОВА АННА")


def test_what_can_go_wrong_with_ncalayer_is_said(office: Office, page: Page) -> None:
    link, _ = office.ask()
    visit(page, link, content=None)
    begin(page)
    expect_said(page, "no-file")
    choose(page, "document-1", b"another contract")
    begin(page)
    expect_said(page, "other-file")
    check_accessible(page)
    choose(page, "document-1", CONTENT)
    for mode, said in (
        (Mode.CANCEL, "cancelled"),
        (Mode.ERROR, "failed"),
        (Mode.CLOSED, "closed"),
    ):
        STAND_IN.behaviour.mode = mode
        begin(page)
        expect_said(page, said)
    expect(page.locator("#begin")).to_be_visible()
    STAND_IN.behaviour.mode = Mode.ERROR
    begin(page)
    expect(page.locator("[data-says='failed'] [data-detail]")).to_contain_text("SIGNING_FAILURE")
    STAND_IN.behaviour.mode, STAND_IN.behaviour.version = Mode.OK, "1.2"
    begin(page)
    expect_said(page, "old")
    check_accessible(page)


def test_silence_can_be_given_up_and_a_late_version_is_waited_for(
    office: Office, page: Page
) -> None:
    link, _ = office.ask()
    visit(page, link)
    STAND_IN.behaviour.mode = Mode.SILENCE
    begin(page)
    expect_said(page, "waiting")
    check_accessible(page)
    page.locator("#give-up").click()
    expect_said(page, "given-up")
    STAND_IN.behaviour.mode, STAND_IN.behaviour.delay = Mode.LATE, 0.5
    begin(page)
    expect_said(page, "connecting")
    page.wait_for_url("**/sign/*marks=*")


@pytest.mark.parametrize("way", ["nobody", "untrusted"])
def test_an_absent_ncalayer_and_a_certificate_that_is_not_trusted_are_explained(
    office: Office, page: Page, way: str
) -> None:
    link, _ = office.ask()
    other = StandIn(IVAN, make_endpoint())
    with other.serving() as port:
        address = "wss://127.0.0.1:1/" if way == "nobody" else f"wss://127.0.0.1:{port}/"
        office.app.config["NCALAYER_URL"] = address
        visit(page, link)
        begin(page)
        expect_said(page, "absent")
        page_of = address.replace("wss:", "https:")
        expect(page.locator("[data-says='absent'] a")).to_have_attribute("href", page_of)
        check_accessible(page)


def test_the_permission_is_explained_before_it_is_asked_for(office: Office, page: Page) -> None:
    link, _ = office.ask()
    page.add_init_script(PERMISSION.format(state="prompt"))
    visit(page, link)
    asked = len(STAND_IN.asked)
    page.locator("#begin").click()
    expect_said(page, "prompt")
    check_accessible(page)
    assert len(STAND_IN.asked) == asked
    page.locator("#go-on").click()
    page.wait_for_url("**/sign/*marks=*")


def test_a_denied_permission_is_explained(office: Office, page: Page) -> None:
    link, _ = office.ask()
    page.add_init_script(PERMISSION.format(state="denied"))
    visit(page, link)
    begin(page)
    expect_said(page, "denied")
    check_accessible(page)


@pytest.mark.parametrize("who", ["another", "authentication"])
def test_the_server_refuses_the_wrong_person_and_the_wrong_key(
    office: Office, page: Page, who: str
) -> None:
    link, _ = office.ask()
    STAND_IN.behaviour.any_key = True
    person = Person("900101300017", "ИВАНОВ ИВАН", usage="auth")
    STAND_IN.identity = ANNA if who == "another" else make_identity(person, AUTHORITY)
    visit(page, link)
    begin(page)
    expect_said(page, "refused")
    said = "somebody else" if who == "another" else "AUTH"
    expect(page.locator("[data-says='refused']")).to_contain_text(said)
    check_accessible(page)


def test_what_could_not_be_sent_is_sent_again(office: Office, page: Page) -> None:
    link, _ = office.ask()
    visit(page, link)

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.abort()
        else:
            route.continue_()

    page.route("**/sign/*", lose)
    begin(page)
    expect_said(page, "unsent")
    asked = len(STAND_IN.asked)
    page.unroute("**/sign/*")
    page.locator("#resend").click()
    page.wait_for_url("**/sign/*marks=*")
    assert len(STAND_IN.asked) == asked


def test_a_document_that_is_kept_needs_no_file_and_a_pdf_is_shown(
    office: Office, page: Page
) -> None:
    [link] = office.ask(
        documents=[{"externalId": "contract", "name": "Contract"}], signers=[{"iin": IVAN.iin}]
    )
    package = office.app.test_client().post("/packages/list", json={}).get_json()["items"][0]
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>"
    with office.app.app_context():
        keep(db.engine, package["packageId"], pdf)
    visit(page, link, content=None)
    page.locator("summary").first.click()
    expect(page.locator("iframe")).to_be_visible()
    check_accessible(page)
    office.app.config["EGOV_QR"] = True
    other = page.context.new_page()
    other.goto(f"{link}/egov")
    check_accessible(other)
    begin(page)
    page.wait_for_url("**/sign/*marks=*")
    expect(page.locator("h1")).to_have_text("Everybody has signed")
    # The page with the code waits for the signature, from wherever it comes.
    expect(other.locator("h1")).to_have_text("Everybody has signed")
    office.app.config["EGOV_QR"] = False


def upload(identity: Identity) -> bytes:
    return sign(identity, CONTENT, attached=False, digested=False).encode()


def test_without_scripts_a_signature_made_elsewhere_is_uploaded(
    office: Office, browser: Browser
) -> None:
    link, _ = office.ask()
    context = browser.new_context(java_script_enabled=False, locale="ru-RU")
    page = context.new_page()
    page.goto(link)
    expect(page.locator("h1")).to_have_text("Вас просят подписать")
    expect(page.locator("#ncalayer")).to_be_hidden()
    choose(page, "signature-1", upload(ANNA))
    page.locator("#elsewhere button").click()
    expect(page.locator("#refusal")).to_contain_text("принадлежит другому лицу")
    choose(page, "signature-1", upload(IVAN))
    page.locator("#elsewhere button").click()
    expect(page.locator("h1")).to_have_text("Вы подписали")
    context.close()


def test_a_phone_and_the_dark_see_the_page_too(office: Office, browser: Browser) -> None:
    link, _ = office.ask()
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, color_scheme="dark", locale="kk-KZ"
    )
    page = context.new_page()
    page.goto(link)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    check_accessible(page)
    context.close()
