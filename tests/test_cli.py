"""The commands for operators."""

import re
from base64 import b64encode
from pathlib import Path

import pytest
from flask import Flask
from flask.cli import FlaskGroup
from sqlalchemy import text

from tests import pki
from tests.api.asking import content_of, get, save
from tests.applications import close_database
from tests.conftest import AppMaker, opened, schema_on
from tests.pki import profile

#: The beginnings of the lines about the database in use, and about `verify` without it.
NAMED = "database: |what is trusted by the database is not known: "


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    """Run a command as `flask` does; return its exit status and output, without its database."""
    status, output, said = run_apart(app, *arguments)
    assert len(re.findall("^database: ", said, re.MULTILINE)) <= 1
    return status, re.sub(rf"(?m)^({NAMED}).*\n", "", output)


def run_apart(app: Flask, *arguments: str) -> tuple[int, str, str]:
    """Run a command as `flask` does; return its exit status, all output, and stderr."""
    flask = FlaskGroup(create_app=lambda: app, add_default_commands=False, load_dotenv=False)
    result = app.test_cli_runner().invoke(flask, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output, result.stderr


def test_upgrade_prepares_an_empty_database_and_may_be_repeated(
    start_app: AppMaker, empty_url: str
) -> None:
    app = start_app(DATABASE_URL=empty_url)
    for _ in range(2):
        assert run(app, "db", "upgrade") == (0, "")
    content_of(app.test_client().get("/health/ready"))
    assert save(app.test_client())["version"] == 1


@pytest.mark.slow
def test_upgrade_puts_the_tables_into_the_schema_of_the_settings(
    start_app: AppMaker, postgres_url: str
) -> None:
    with schema_on(postgres_url) as url:
        with opened(url) as engine, engine.connect() as connection:
            schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        app = start_app(DATABASE_URL=postgres_url, PG_SCHEMA=schema)
        assert run(app, "db", "upgrade") == (0, "")
        save(app.test_client())
        # The same schema, found by the connection instead of by its name.
        client = start_app(DATABASE_URL=url).test_client()
        content_of(client.get("/health/ready"))
        assert get(client)["version"] == 1
        for one in (app, client.application):
            close_database(one)


@pytest.fixture(name="offline_app")
def app_without_database(start_app: AppMaker, tmp_path: Path) -> Flask:
    """Provide an application for commands that need no database."""
    return start_app(DATABASE_URL=f"sqlite:///{tmp_path}/not/there.sqlite3")


def check(app: Flask, folder: Path, content: bytes) -> tuple[int, str]:
    """Run `check` over a file of that content, and return its exit status and output."""
    file = folder / "signature"
    file.write_bytes(content)
    return run(app, "check", str(file))


@pytest.mark.parametrize("form", ["base64", "PEM, CR LF", "DER"])
def test_check_describes_a_cms_in_any_form(offline_app: Flask, tmp_path: Path, form: str) -> None:
    der = pki.sign_cms(b"content")
    content = {
        "base64": b64encode(der),
        "PEM, CR LF": pki.pem(der, line_end="\r\n").encode(),
        "DER": der,
    }[form]
    status, output = check(offline_app, tmp_path, content)
    assert status == 0
    first, second, *signers = output.splitlines()
    assert first == f"CMS, {len(der)} bytes, certificates: 2"
    assert second.startswith("content: 7 bytes attached, type ")
    (signer,) = signers
    assert signer.startswith("signer 1: digest SHA-256, signature RSA with SHA-256, identified by ")


def test_check_describes_a_detached_cms_of_two_signers(offline_app: Flask, tmp_path: Path) -> None:
    signers = [profile.person(), profile.person("ПЕТРОВА АННА")]
    der = pki.sign_cms(signers=signers, attached=False)
    status, output = check(offline_app, tmp_path, der)
    assert status == 0
    assert "content: detached" in output
    assert "signer 2: " in output


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_check_describes_an_xml_signature(
    offline_app: Flask, tmp_path: Path, encoding: str
) -> None:
    status, output = check(offline_app, tmp_path, pki.sign_xml().encode(encoding))
    assert status == 0
    assert output.startswith("XML, ")
    assert "signatures: 1\n" in output
    assert "signature 1: " in output


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense!",
        b"\xff\xfe\x00",
        b"<a/>",
        b64encode(pki.sign_cms())[:-40],
        pki.sign_cms()[:-40],
        pki.sign_cms(signers=[]),
    ],
)
def test_check_says_what_is_wrong_with_status_1(
    offline_app: Flask, tmp_path: Path, content: bytes
) -> None:
    status, output = check(offline_app, tmp_path, content)
    assert status == 1
    assert output.startswith("cms: ")
    assert len(output.splitlines()) == 1


def test_check_says_what_is_truncated(offline_app: Flask, tmp_path: Path) -> None:
    status, output = check(offline_app, tmp_path, b64encode(pki.sign_cms())[:2000])
    assert status == 1
    assert "truncated" in output


def test_check_needs_a_file_that_is_there(offline_app: Flask, tmp_path: Path) -> None:
    status, output = run(offline_app, "check", str(tmp_path / "nowhere"))
    assert status == 2
    assert "does not exist" in output


def test_tokens_of_a_database_that_can_t_be_used_are_reported_in_one_line(
    start_app: AppMaker, tmp_path: Path
) -> None:
    app = start_app(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    for arguments in (["list"], ["revoke", "name"]):
        status, output = run(app, "token", *arguments)
        assert status == 1
        assert output.startswith("Error: ")
        assert len(output.splitlines()) == 1
