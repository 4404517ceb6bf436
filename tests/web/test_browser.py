"""Every page and state in a real Chromium, judged by axe-core; the pictures of docs/pages.md.

`PICTURES=docs/pictures` in the environment writes the pictures again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import update

from app.extensions import db
from app.store.database.engine import transaction
from app.store.models import PackageDocument
from app.store.packages.decisions import DECLINED, decide
from config.settings import Settings
from tests import pki
from tests.api import people
from tests.api.test_xml_signers import letter
from tests.applications import close_database, make_application
from tests.asking_tokens import bearer, make_token
from tests.live.chromium import INSTALL_HINT
from tests.pdf.writing import Draft, sign_content
from tests.pki import CONTENT
from tests.store.packages import put_package
from tests.web.serving import Visit, browsing, serving, visit

pytestmark = pytest.mark.live

#: Where pictures are written; None: nowhere.
PICTURES = Path(os.environ["PICTURES"]).resolve() if "PICTURES" in os.environ else None
WIDE = {"width": 1000, "height": 720}
PHONE = {"width": 360, "height": 740}
#: Returns the milliseconds to the first paint.
PAINT = """() => new Promise((done) => {
    const report = (list) => done(list.getEntries()[0].startTime);
    new PerformanceObserver(report).observe({ type: "paint", buffered: true });
})"""
#: RFC 6986 section 10.1: M1, and M2 as it is written there.
M1 = b"012345678901234567890123456789012345678901234567890123456789012"
M2 = bytes.fromhex(
    "d1e520e2e5f2f0e82c20d1f2f0e8e1eee6e820e2edf3f6e82c20e2e5fef2fa20"
    "f120eceef0ff20f1f2f0e5ebe0ece820ede020f5f0e0e1f0fbff20efebfaeafb"
    "20c8e3eef0e5e2fb"
)
STREEBOG = {
    ("Streebog-512", M1): "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa"
    "00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48",
    ("Streebog-256", M1): "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500",
    ("Streebog-512", M2): "1e88e62226bfca6f9994f1f2d51569e0daf8475a3b0fe61a5300eee46d961376"
    "035fe83549ada2b8620fcd7c496ce5b33f0cb9dddc2b6460143b03dabac9fb28",
    ("Streebog-256", M2): "9dd2fe4e90409e5da87f53976d7405b0c0cac628fc669a741d50063c557e8f50",
}


@dataclass(frozen=True)
class Office:
    """A served store: its application, address, a token, and files for the page to verify."""

    app: Flask
    address: str
    token: str
    folder: Path


@pytest.fixture(scope="module", name="browser")
def chromium() -> Iterator[Browser]:
    """Return one browser for all tests."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.fail(INSTALL_HINT, pytrace=False)
    with browsing(program) as browser:
        yield browser


@pytest.fixture(name="office")
def served_office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    """Serve a store with a few threads."""
    trust = people.trust(tmp_path / "trust", pki.root(), pki.authority())
    people.publish(trust)
    env = {"DATABASE_URL": sqlite_url, "AUTH": "on", "TRUST_DIR": str(trust)}
    app = make_application(Settings.from_env({**env, "TIMEZONE": "Asia/Almaty"}))
    token = make_token(app, "office", "read", "write")
    fill(app, token)
    (tmp_path / "detached.p7s").write_bytes(pki.sign(people.ivan(), attached=False).der)
    (tmp_path / "altered.p7s").write_text(people.altered_cms(people.ivan()))
    (tmp_path / "letter.xml").write_text(letter(people.chief()))
    (tmp_path / "document.txt").write_bytes(CONTENT)
    write_pdfs(tmp_path)
    with serving(app) as address:
        yield Office(app, address, token, tmp_path)
    close_database(app)


def fill(app: Flask, token: str) -> None:
    """Save what the pages show."""
    ivan, chief, client = people.ivan(), people.chief(), app.test_client()
    saved: list[tuple[str, str, dict[str, Any]]] = [
        ("contract-7", people.cms(ivan, attached=False), {"version_created_by": "Айгүл"}),
        ("contract-7", people.cms(ivan, chief, attached=False), {"version": 1}),
        ("act-12", people.cms(chief), {}),
        ("letter-3", people.altered_cms(ivan), {}),
    ]
    for document, cms, more in saved:
        sent = {"document": document, "thread": "approval", "cms": cms, "tags": ["customer-1"]}
        response = client.post("/signature", json={**sent, **more}, headers=bearer(token))
        assert response.status_code == 201, response.text


def write_pdfs(folder: Path) -> None:
    """Write a card, and a signed PDF as it was signed, and changed afterwards."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        for name, data in (("0.txt", CONTENT), ("1.cms", sign_content(CONTENT))):
            pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, data, filename=name)
        pdf.save(folder / "card.pdf")
    draft = Draft()
    draft.sign()
    (folder / "signed.pdf").write_bytes(draft.data)
    draft.page = b"/Rotate 90"
    draft.change({})
    (folder / "changed.pdf").write_bytes(draft.data)


def sign_in(office: Office, browser: Browser, **options: object) -> Visit:
    """Return a window in which the office has signed in, at the page that it asked for."""
    window = visit(browser, office.address, viewport=WIDE, **options)
    window.open("/app")
    window.page.fill("#token", "wrong")
    window.send("main button")
    assert window.page.locator("[role=alert]").is_visible()
    window.page.fill("#token", office.token)
    window.send("main button")
    return window


def test_the_office_searches_reads_compares_and_makes_a_link(
    office: Office, browser: Browser
) -> None:
    window = sign_in(office, browser, locale="ru-RU")
    page = window.page
    window.keep_picture(PICTURES, "search")
    page.fill("#iin", people.CHIEF_IIN)
    window.send("main button")
    assert page.locator("tbody tr").count() == 2
    window.open("/app?iin=12")
    window.open("/app?tag=nothing")
    window.open("/app/thread?document=contract-7&thread=approval")
    window.keep_picture(PICTURES, "thread")
    for language in ("kk", "en"):
        window.open(f"/app/thread?document=contract-7&thread=approval&lang={language}")
        window.keep_picture(PICTURES, f"thread-{language}")
    window.open("/app/thread?document=contract-7&thread=approval")
    page.click("text=Версия 2")
    window.judge()
    assert page.locator(".verdict.unknown").count() == 2
    page.set_input_files("#document", office.folder / "document.txt")
    window.send("form[data-busy] button")
    assert page.locator(".verdict.yes").count() == 2
    window.keep_picture(PICTURES, "version")
    page.check("#files")
    window.send("text=Создать ссылку")
    link = page.locator("main section a.code").inner_text()
    window.open("/app/version?document=letter-3&thread=approval&version=1")
    assert page.locator(".verdict.no").count() == 2
    window.open("/app/card?document=act-12&thread=approval&version=1")
    assert page.locator("h1").inner_text() == "Карточки этой версии нет"
    window.open("/app/nothing")
    follow(browser, office, link)
    page.goto(office.address + "/app")
    page.click("text=Выйти")
    assert page.locator("#token").is_visible()
    assert window.troubles == []


def follow(browser: Browser, office: Office, link: str) -> None:
    """Follow a link on a phone, in Kazakh and in the dark."""
    window = visit(browser, office.address, viewport=PHONE, locale="kk-KZ", color_scheme="dark")
    window.open(link.removeprefix(office.address))
    page = window.page
    assert page.locator("html").get_attribute("lang") == "kk"
    assert people.IIN not in page.content()
    page.set_input_files("#document", office.folder / "document.txt")
    window.send("form[data-busy] button")
    assert "Қолтаңба жарамды" in page.inner_text("main")
    window.keep_picture(PICTURES, "link")
    window.open("/v/nothing")
    assert window.troubles == []


def test_the_office_sees_its_packages(office: Office, browser: Browser) -> None:
    ask(office)
    window = sign_in(office, browser, locale="ru-RU")
    page = window.page
    page.click("text=Пакеты")
    for language in ("kk", "en", "ru"):
        window.open(f"/app/packages?lang={language}")
        window.keep_picture(PICTURES if language == "ru" else None, "packages")
        page.click("h2 a >> nth=0")
        window.judge()
    assert "Цена неверна" in page.inner_text("main")
    page.click("text=contract-7")
    window.judge()
    window.open("/app/thread?document=lease-4&thread=approval")
    assert page.locator("ol > li").count() == 0
    page.set_viewport_size({"width": 360, "height": 740})
    with office.app.app_context(), transaction(db.engine) as connection:
        decide(connection, 1, 1, DECLINED, "ы" * 1500)  # One word of an outsider.
    for path in ("/app/packages", "/app/thread?document=lease-4&thread=approval"):
        window.open(path)
    assert window.troubles == []


def ask(office: Office) -> None:
    """Put packages into the store: one that a signer declined, and one that nobody has signed."""
    ivan = {"iin": people.IIN, "last_name": "ИВАНОВ", "first_name": "ИВАН"}
    chief = {"iin": people.CHIEF_IIN, "bin": people.BIN, "role": "CEO", "last_name": "ПЕТРОВА"}
    chief["first_name"] = "АННА"
    kim = {"iin": "850315300024", "last_name": "КИМ", "first_name": "СЕРГЕЙ"}
    late = datetime(2026, 6, 1, tzinfo=UTC)
    with office.app.app_context():
        named = {"thread": "approval", "member": "bank", "link_key": "5ec7" * 16}
        put_package(db.engine, ("lease-4",), (chief,), name="Аренда", sign_by=late, **named)
        put_package(db.engine, ("contract-7",), (ivan, chief, kim), name="Договор № 7", **named)
        with transaction(db.engine) as connection:
            connection.execute(update(PackageDocument).values(name=PackageDocument.document))
            decide(connection, 2, 3, DECLINED, "Цена неверна: в пункте 3 была другая.")


def test_anyone_verifies_and_only_the_hash_of_the_document_is_sent(
    office: Office, browser: Browser
) -> None:
    window = visit(browser, office.address, viewport=WIDE, locale="en-US")
    page = window.page
    window.open("/verify")
    page.set_input_files("#signature", office.folder / "detached.p7s")
    window.send("main button")
    assert page.locator(".verdict.unknown h2").inner_text() == "Could not be established"
    window.keep_picture(PICTURES, "verify-unknown")
    page.set_input_files("#signature", office.folder / "detached.p7s")
    page.set_input_files("#document", office.folder / "document.txt")
    window.send("main button")
    assert page.locator(".verdict.yes h2").inner_text() == "The signature is valid"
    assert page.evaluate("document.activeElement.id") == "verdict"
    assert_all_is_open_on_paper(page)
    # The verdict above is on another file than the one that is being sent.
    page.evaluate("document.forms[document.forms.length - 1].dispatchEvent(new Event('submit'))")
    assert not page.locator("#verdict").is_visible()
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    assert page.locator("#verdict").is_visible()
    # The server takes a document that is sent in preference to hashes of it.
    assert f"The hash of your document, SHA-256: {sha256(CONTENT).hexdigest()}" in page.inner_text(
        ".verdict"
    )
    for name, verdict in (("altered.p7s", "no"), ("letter.xml", "yes"), ("document.txt", None)):
        page.set_input_files("#signature", office.folder / name)
        window.send("main button")
        assert page.locator(f".verdict.{verdict}").count() == (verdict is not None), name
    assert page.locator("[role=alert]").is_visible()
    assert window.troubles == []


def assert_all_is_open_on_paper(page: Page) -> None:
    """Assert that what is folded on the screen is open while the page is printed."""
    is_open = "[...document.querySelectorAll('main details')].map((one) => one.open)"
    before = page.evaluate(is_open)
    assert before
    assert not all(before)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(page.evaluate(is_open))
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(is_open) == before


@pytest.mark.parametrize("language", ["kk", "en"])
def test_anyone_verifies_cards_and_signed_pdfs(
    office: Office, browser: Browser, language: str
) -> None:
    window = visit(browser, office.address, viewport=WIDE, color_scheme="dark")
    page = window.page
    window.open(f"/verify?lang={language}")
    # The signature in the card is good, but has its evidence in another place than a card demands.
    of_whole_and_part = {"card": "no yes", "signed": "yes yes", "changed": "unknown unknown"}
    for name, expected in of_whole_and_part.items():
        page.set_input_files("#signature", office.folder / f"{name}.pdf")
        window.send("main button")
        shown = [one.get_attribute("class") for one in page.locator(".verdict").all()]
        assert shown == [f"verdict {one}" for one in expected.split()], name
        window.keep_picture(PICTURES if language == "en" else None, f"verify-{name}")
    assert page.locator("html").get_attribute("lang") == language
    assert window.troubles == []
    for name in ("card.pdf", "document.txt"):
        # A document beside it is not compared; and what is no signature is named at once.
        page.set_input_files("#signature", office.folder / name)
        page.set_input_files("#document", office.folder / "document.txt")
        window.send("main button")
        assert page.locator("[role=alert]").count() == 1
        assert page.locator(".verdict").count() == 0


def test_without_scripts_the_same_pages_work(office: Office, browser: Browser) -> None:
    window = visit(
        browser, office.address, viewport=PHONE, java_script_enabled=False, locale="kk-KZ"
    )
    page = window.page
    page.goto(office.address + "/verify")
    page.set_input_files("#signature", office.folder / "detached.p7s")
    page.set_input_files("#document", office.folder / "document.txt")
    with page.expect_navigation():
        page.click("main button")
    assert page.locator(".verdict.yes h2").inner_text().strip() == "Қолтаңба жарамды"
    page.click("text=Русский")
    assert page.locator("html").get_attribute("lang") == "ru"


def test_hashes_are_those_of_the_standards(office: Office, browser: Browser) -> None:
    window = visit(browser, office.address)
    window.page.goto(office.address + "/verify")
    run = "([name, hex, own]) => digest(name, hex ? bytesOf(hex) : new Uint8Array(), own)"
    for (name, data), expected in STREEBOG.items():
        assert window.page.evaluate(run, [name, data.hex(), None]) == expected
    for size in (0, 3, 55, 56, 64, 111, 112, 128, 1000):
        data = bytes(range(256)) * 4
        for name in ("SHA-256", "SHA-384", "SHA-512"):
            own, native = (
                window.page.evaluate(run, [name, data[:size].hex(), which])
                for which in (True, False)
            )
            assert own == native, (name, size)


def test_pages_are_small_and_soon_there(office: Office, browser: Browser) -> None:
    window = sign_in(office, browser)
    page = window.page
    sizes: list[int] = []
    page.on("response", lambda one: sizes.append(len(one.body())))
    page.goto(office.address + "/app/version?document=contract-7&thread=approval&version=2")
    assert sum(sizes) < 60_000
    # Other tests may keep this machine busy: on a quiet one it is 0.2 s.
    assert page.evaluate(PAINT) < 10_000


def test_on_paper_there_are_no_forms(office: Office, browser: Browser) -> None:
    window = visit(browser, office.address, viewport=WIDE)
    window.page.goto(office.address + "/verify")
    window.page.emulate_media(media="print")
    assert not window.page.locator("form").first.is_visible()
    assert window.page.locator("h1").is_visible()
