"""`flask verify --json` prints what POST /signature/verify answers: the same keys and values."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.cli import FlaskGroup
from lxml import etree

from tests import pki
from tests.api import people
from tests.api.asking import content_of, save
from tests.api.people import chief, cms, ivan
from tests.conftest import AppMaker
from tests.pki import CONTENT, SIGNING_TIME, Holder, Revoked, xml_signer
from tests.test_cli import run

DOC = {"document": "doc", "thread": "main"}
NAMED = ("--document", "doc", "--thread", "main")
YES, NO, UNKNOWN = 0, 1, 2


def xml(*signers: Holder, forged: bool = False) -> str:
    root = etree.fromstring("<a><b>text</b></a>")
    for who in signers:
        xml_signer.sign(root, who)
    text = xml_signer.text(root)
    return text.replace(">text<", ">other<") if forged else text


#: Signatures, and the exit status for each.
CASES: dict[str, tuple[Callable[[], str], int]] = {
    "CMS that is good": (lambda: cms(ivan(), chief()), YES),
    "CMS with a timestamp": (lambda: cms(ivan(), stamped=True), YES),
    "CMS that is forged": (lambda: people.forged_cms(ivan()), NO),
    "CMS that was altered": (lambda: people.altered_cms(ivan(), chief()), NO),
    "CMS of an impostor": (lambda: cms(people.impostor()), UNKNOWN),
    "CMS of who had expired": (lambda: cms(people.expired()), UNKNOWN),
    "CMS without its content": (lambda: cms(ivan(), attached=False), UNKNOWN),
    "XML that is good": (lambda: xml(ivan(), chief()), YES),
    "XML that was altered": (lambda: xml(ivan(), forged=True), NO),
    "XML of an impostor": (lambda: xml(people.impostor()), UNKNOWN),
}


@pytest.fixture(name="folder")
def folder_of_anchors(tmp_path: Path) -> Path:
    """Provide a TRUST_DIR with revocation data."""
    folder = people.trust(tmp_path / "trust", pki.authority())
    people.publish(folder)
    return folder


@pytest.fixture(name="app")
def app_of_both(make_app: AppMaker, folder: Path) -> Flask:
    """Provide an application with that TRUST_DIR, far from UTC, on each kind of database."""
    return make_app(TRUST_DIR=str(folder), TIMEZONE="Asia/Almaty")


def verify(app: Flask, *arguments: str) -> tuple[int, Any]:
    """Return the exit status, and what is printed on stdout."""
    flask = FlaskGroup(create_app=lambda: app, add_default_commands=False, load_dotenv=False)
    result = app.test_cli_runner().invoke(flask, ["verify", "--json", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def ask(app: Flask, language: str = "en", **fields: Any) -> dict[str, Any]:
    """Return the content of the answer to POST /signature/verify."""
    headers = {"api-locale": language}
    answer = app.test_client().post("/signature/verify", json=DOC | fields, headers=headers)
    return content_of(answer)


def written(tmp_path: Path, data: str | bytes) -> str:
    file = tmp_path / "given"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return str(file)


def as_given(content: dict[str, Any]) -> dict[str, Any]:
    """Return what is answered of a stored signature, of one that is given with the same time."""
    found = content["verification"] | {"version": None, "saved_at": None}
    for signer in found["signers"]:
        if signer["decisive_time_source"] == "saved":
            signer["decisive_time_source"] = "checked_at"
    return {"verification": found}


@pytest.mark.parametrize("case", CASES)
def test_a_stored_signature_is_reported_as_the_api_reports_it(app: Flask, case: str) -> None:
    make, status = CASES[case]
    save(app.test_client(), cms=make())
    for language in ("en", "ru", "kk"):
        answer = ask(app, language)
        assert verify(app, *NAMED, "--language", language) == (status, answer)
    assert list(answer) == ["verification"]
    assert list(verify(app, *NAMED)[1]["verification"]) == list(answer["verification"])


def test_a_document_that_is_kept_is_compared_as_by_the_api(
    make_app: AppMaker, folder: Path
) -> None:
    app = make_app(TRUST_DIR=str(folder), TIMEZONE="Asia/Almaty", KEEP_CONTENT="on")
    made = people.cms(people.ivan(), content=CONTENT, attached=False)
    save(app.test_client(), cms=made, data=b64encode(CONTENT).decode())
    answer = ask(app)
    assert answer["verification"]["signers"][0]["intact"]["answer"] == "yes"
    assert verify(app, *NAMED) == (0, answer)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_so_is_one_that_is_given_but_for_where_it_is_kept(
    app: Flask, tmp_path: Path, case: str
) -> None:
    make, status = CASES[case]
    save(app.test_client(), cms=make())
    answer = ask(app)
    saved_at = answer["verification"]["saved_at"]
    file = written(tmp_path, make())
    assert verify(app, file, "--at", saved_at) == (status, as_given(answer))


@pytest.mark.parametrize("case", ["CMS that is good", "CMS with a timestamp", "XML that is good"])
def test_a_given_one_has_the_signers_that_validating_it_reports(
    app: Flask, tmp_path: Path, case: str
) -> None:
    text, at = CASES[case][0](), "2026-03-01T10:00:00Z"
    asked = {"cms": text, "checked_at": at}
    content = content_of(app.test_client().post("/cms/validate", json=asked))
    _, found = verify(app, written(tmp_path, text), "--at", at)
    answers = content["verification"]
    assert answers.pop("checked_at") == at
    assert found["verification"]["signers"] == content["signers"]
    assert answers.items() <= found["verification"].items()


@pytest.mark.parametrize(("data", "status"), [(CONTENT, YES), (b"another", NO)])
def test_content_is_compared_as_the_api_does(
    app: Flask, tmp_path: Path, data: bytes, status: int
) -> None:
    save(app.test_client(), cms=cms(ivan(), attached=False))
    answer = ask(app, data=b64encode(data).decode())
    assert verify(app, *NAMED, "--content", written(tmp_path, data)) == (status, answer)
    assert answer["verification"]["compared"] == {"what": "data", "size": len(data)}


def test_a_revoked_one_is_reported_alike(app: Flask, folder: Path) -> None:
    people.publish(folder, Revoked(ivan().serial, SIGNING_TIME))
    save(app.test_client(), cms=cms(ivan()))
    answer = ask(app, "ru")
    assert verify(app, *NAMED, "--language", "ru") == (NO, answer)
    [signer] = answer["verification"]["signers"]
    assert signer["revocation"]["reasons"] == [
        "сертификат ИВАНОВ ИВАН отозван 2025-06-01 12:00:00 UTC"
    ]


def test_each_version_is_reported_alike(app: Flask) -> None:
    save(app.test_client(), cms=people.forged_cms(ivan()))
    save(app.test_client(), cms=cms(ivan()), version=1)
    for version, status in ((1, NO), (2, YES)):
        expected = ask(app, version=version)
        assert verify(app, *NAMED, "--version", str(version)) == (status, expected)
        assert expected["verification"]["version"] == version


def test_without_anchors_it_is_reported_alike(make_app: AppMaker, tmp_path: Path) -> None:
    app = make_app(TRUST_DIR=str(tmp_path / "none"))
    save(app.test_client(), cms=cms(ivan(), stamped=True))
    assert verify(app, *NAMED) == (UNKNOWN, ask(app))


def test_bytes_are_reported_as_their_base64(app: Flask, tmp_path: Path) -> None:
    text, at = cms(ivan()), SIGNING_TIME.isoformat()
    reported = [
        verify(app, written(tmp_path, form), "--at", at) for form in (text, b64decode(text))
    ]
    assert reported[0] == reported[1]


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_what_is_no_signature_is_refused_as_the_api_refuses_it(
    make_app: AppMaker, tmp_path: Path, language: str
) -> None:
    app = make_app(CMS_VALIDATION="off")
    save(app.test_client(), cms="not a signature")
    headers = {"api-locale": language}
    answer = app.test_client().post("/signature/verify", json=DOC, headers=headers)
    assert answer.status_code == 400
    expected = UNKNOWN, answer.get_json()
    assert verify(app, *NAMED, "--language", language) == expected
    assert verify(app, written(tmp_path, "not a signature"), "--language", language) == expected


@pytest.mark.parametrize(
    ("arguments", "language", "message"),
    [
        (NAMED, "en", "Signature was not found"),
        (NAMED, "ru", "Подпись не найдена"),
        (NAMED, "kk", "Қолтаңба табылмады"),
        ((*NAMED, "--version", "2"), "en", "Signature was not found"),
        ((), "en", "name a FILE, or a stored signature by --document and --thread"),
        (("--document", "doc"), "ru", "укажите FILE"),
        (("nowhere.p7s",), "en", "Invalid value for '[FILE]': File 'nowhere.p7s' does not exist."),
        ((*NAMED, "--at", "soon"), "en", "not a time such as 2025-06-01T12:00:00+05:00"),
        ((*NAMED, "--nonsense"), "en", "No such option"),
        ((*NAMED, "--version", "x"), "en", "'x' is not a valid integer"),
    ],
)
def test_a_failure_is_an_error_in_the_api_s_shape(
    app: Flask, arguments: tuple[str, ...], language: str, message: str
) -> None:
    status, reported = verify(app, *arguments, "--language", language)
    assert status == UNKNOWN
    assert list(reported) == ["status", "message", "content"]
    assert (reported["status"], reported["content"]) == (False, None)
    assert message in reported["message"]


def test_what_the_api_and_the_command_report_of_what_is_missing_is_the_same(app: Flask) -> None:
    answer = app.test_client().post("/signature/verify", json=DOC)
    assert verify(app, *NAMED)[1] == answer.get_json()


def test_without_json_a_failure_is_in_words_on_stderr(app: Flask) -> None:
    flask = FlaskGroup(create_app=lambda: app, add_default_commands=False, load_dotenv=False)
    result = app.test_cli_runner().invoke(flask, ["verify", *NAMED])
    assert (result.exit_code, result.stdout) == (UNKNOWN, "")
    assert "Error: Signature was not found" in result.stderr


def test_a_database_that_is_away_is_reported_as_json(start_app: AppMaker) -> None:
    app = start_app(DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    status, reported = verify(app, *NAMED)
    assert status == UNKNOWN
    assert reported["message"].startswith("the database that DATABASE_URL names can't be used: ")
    flask = FlaskGroup(create_app=lambda: app, add_default_commands=False, load_dotenv=False)
    for command, code in (("stats", 1), ("move", 2)):
        result = app.test_cli_runner().invoke(flask, [command, "--json"])
        reported = json.loads(result.stdout)
        assert (result.exit_code, reported["status"], reported["content"]) == (code, False, None)
        assert "can't be" in reported["message"]


@pytest.mark.parametrize("whole", [False, True])
def test_anchors_of_a_database_that_is_away_are_unknown(
    start_app: AppMaker, tmp_path: Path, whole: bool
) -> None:
    """The report never says that there are none, or that one is none."""
    address, folder = "postgresql://nobody@127.0.0.1:9/none", str(tmp_path / "none")
    one, other = (start_app(DATABASE_URL=address, TRUST_DIR=folder) for _ in range(2))
    chain = [pki.authority(), pki.root()] if whole else []
    signature = pki.signed_data([pki.signer_info(ivan())], [ivan(), *chain])
    file = written(tmp_path, people.text(pki.read(signature)))
    status, reported = verify(one, file)
    assert (status, reported["verification"]["trusted"]["answer"]) == (UNKNOWN, "unknown")
    said = json.dumps(reported) + run(other, "verify", file)[1]
    assert said.count("database that can't be read") >= 2
    assert "Which trust anchors there are is not known, as the database can't be read" in said
    assert "needed: the database, whose trust anchors count too" in said
    assert "no trust anchor" not in said
