"""`flask token`: made, listed, revoked, rotated."""

import re

import pytest
from flask import Flask

from app.store.tokens import split_token
from tests.asking_tokens import bearer
from tests.conftest import AppMaker
from tests.test_cli import run

TOKEN = re.compile(r"qol_[0-9a-f]{16}_[0-9a-f]{64}\n")


@pytest.fixture(name="locked")
def locked_app(make_app: AppMaker) -> Flask:
    """Provide an application that asks for tokens."""
    return make_app(AUTH="on", TIMEZONE="Asia/Almaty")


def create(app: Flask, *arguments: str) -> str:
    status, output = run(app, "token", "create", *arguments)
    assert status == 0, output
    assert TOKEN.fullmatch(output), output
    return output.strip()


def refuse(app: Flask, *arguments: str) -> str:
    status, output = run(app, "token", *arguments)
    assert status != 0
    assert "Traceback" not in output
    return output


def status_of(app: Flask, token: str) -> int:
    return app.test_client().get("/signatures", headers=bearer(token)).status_code


def test_a_token_opens_the_door_as_soon_as_it_is_made(locked: Flask) -> None:
    token = create(locked, "office", "--scope", "read")
    assert status_of(locked, token) == 200


def test_a_token_is_shown_once(locked: Flask) -> None:
    token = create(locked, "office", "--scope", "write,read")
    _, output = run(locked, "token", "list")
    assert token not in output
    assert split_token(token)[1] not in output
    assert re.fullmatch(
        r"office: read,write; created \d{4}-\d\d-\d\d \d\d:\d\d; never used\n", output
    )


def test_the_list_says_of_each_token_what_it_is_for(locked: Flask) -> None:
    create(locked, "hr", "--scope", "read", "--tag-prefix", "hr-", "--expires", "90d")
    create(locked, "Бэк-офис Алматы", "--scope", " admin , read ")
    used = create(locked, "used", "--scope", "read")
    assert status_of(locked, used) == 200
    assert run(locked, "token", "revoke", "used") == (0, "")
    _, output = run(locked, "token", "list")
    hr, revoked, cyrillic = output.splitlines()
    assert re.fullmatch(r"hr: read; tags hr-\*; created .*; expires [-\d]+ [\d:]+; never used", hr)
    assert re.fullmatch(r"used: read; created .*; revoked .*; used \d{4}-\d\d-\d\d", revoked)
    assert cyrillic.startswith("Бэк-офис Алматы: read,admin; ")


def test_a_rotated_token_is_another_one(locked: Flask) -> None:
    first = create(locked, "office", "--scope", "read")
    status, second = run(locked, "token", "rotate", "office")
    assert status == 0
    assert TOKEN.fullmatch(second)
    assert status_of(locked, second.strip()) == 200
    assert status_of(locked, first) == 401


def test_a_revoked_token_stays_so(locked: Flask) -> None:
    token = create(locked, "office", "--scope", "read")
    assert run(locked, "token", "revoke", "office") == (0, "")
    assert status_of(locked, token) == 401
    for word in ("revoke", "rotate"):
        assert "revoked, which is for good" in refuse(locked, word, "office")
    assert "there is, or was" in refuse(locked, "create", "office", "--scope", "read")


def test_a_name_that_no_one_has_is_reported(locked: Flask) -> None:
    for word in ("revoke", "rotate"):
        assert "there is no token named 'nobody'" in refuse(locked, word, "nobody")


@pytest.mark.parametrize("scope", ["", ",", "all", "read,everything", "Read"])
def test_a_scope_that_there_is_not_is_refused(locked: Flask, scope: str) -> None:
    assert "read, write, delete, metrics, admin" in refuse(locked, "create", "x", "--scope", scope)
    assert run(locked, "token", "list") == (0, "")


def test_a_token_without_a_scope_is_not_made(locked: Flask) -> None:
    assert "--scope" in refuse(locked, "create", "x")


@pytest.mark.slow
@pytest.mark.parametrize("expires", ["", "90", "d", "0d", "-1d", "1.5d", "90 d", "9y", "٩d"])
def test_an_odd_expiry_is_refused(locked: Flask, expires: str) -> None:
    assert "90d" in refuse(locked, "create", "x", "--scope", "read", "--expires", expires)


@pytest.mark.slow
@pytest.mark.parametrize("expires", ["1h", "12h", "90d", "52w", "99999w"])
def test_an_expiry_is_hours_days_or_weeks(locked: Flask, expires: str) -> None:
    token = create(locked, "x", "--scope", "read", "--expires", expires)
    assert status_of(locked, token) == 200


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "a\x1b[31m", "a\x00"])
def test_an_odd_name_is_refused(locked: Flask, name: str) -> None:
    assert "characters" in refuse(locked, "create", name, "--scope", "read")


@pytest.mark.parametrize("prefix", ["", "a\nb", "x" * 256])
def test_an_odd_prefix_is_refused(locked: Flask, prefix: str) -> None:
    output = refuse(locked, "create", "x", "--scope", "read", "--tag-prefix", prefix)
    assert "characters" in output


def test_a_database_without_tables_is_reported_in_one_line(
    start_app: AppMaker, empty_url: str
) -> None:
    app = start_app(DATABASE_URL=empty_url)
    output = refuse(app, "create", "x", "--scope", "read")
    assert len(output.strip().splitlines()) == 1
    assert "never migrated" in output


def test_a_rotation_may_overlap(locked: Flask) -> None:
    create(locked, "office", "--scope", "metrics")
    status, output = run(locked, "token", "rotate", "office", "--overlap", "24h")
    assert (status, bool(TOKEN.fullmatch(output))) == (0, True)
    listed = run(locked, "token", "list")[1]
    assert "office: metrics; created" in listed
    assert "old secret until" in listed
    assert "a time such as" in refuse(locked, "rotate", "office", "--overlap", "0h")
    run(locked, "token", "rotate", "office")
    assert "old secret" not in run(locked, "token", "list")[1]
