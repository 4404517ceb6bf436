"""Tokens: made, listed, rotated, revoked, on both databases."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Engine, text

from app.store import tokens
from app.store.database.engine import transaction
from app.store.errors import TokenExists, TokenNotFound, TokenRevoked
from app.store.tokens import Bearer, split_token

NOW = datetime.now(UTC)


def create(engine: Engine, name: str = "office", *scopes: str, **more: datetime | str) -> str:
    with transaction(engine) as connection:
        return tokens.create_token(connection, name, scopes or ("read",), **more)  # type: ignore[arg-type]


def listed(engine: Engine) -> list[Bearer]:
    with engine.connect() as connection:
        return tokens.list_tokens(connection)


def in_force(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        found = tokens.list_in_force(connection)
    assert all(token_id == bearer.id for token_id, bearer in found.items())
    return sorted(bearer.name for bearer in found.values())


def test_of_a_token_only_a_hash_is_kept(engine: Engine) -> None:
    before = datetime.now(UTC)
    token = create(engine, "office", "write", "read", tag_prefix="hr-")
    _, token_id, secret = token.split("_")
    assert len(bytes.fromhex(secret)) * 8 == 256
    (bearer,) = listed(engine)
    assert (bearer.id, bearer.name, bearer.scopes) == (token_id, "office", ("read", "write"))
    assert bearer.secret_sha256 == sha256(secret.encode()).hexdigest()
    assert (bearer.tag_prefix, bearer.expires_at, bearer.last_used_on) == ("hr-", None, None)
    assert abs(bearer.created_at - before) < timedelta(minutes=1)
    with engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM tokens"))
    assert secret not in str(tuple(row))


def test_every_token_is_another_one(engine: Engine) -> None:
    made = {create(engine, f"token {number}") for number in range(20)}
    assert len(made) == 20
    assert [bearer.name for bearer in listed(engine)] == sorted(f"token {n}" for n in range(20))


def test_a_name_is_given_once_and_for_all(engine: Engine) -> None:
    create(engine)
    with pytest.raises(TokenExists, match="'office'"):
        create(engine)
    with transaction(engine) as connection:
        tokens.revoke_token(connection, "office")
    with pytest.raises(TokenExists):
        create(engine)


def test_a_rotated_token_has_another_secret_and_all_else_as_before(engine: Engine) -> None:
    first = create(engine, "office", "admin", expires_at=NOW + timedelta(days=1))
    (before,) = listed(engine)
    with transaction(engine) as connection:
        second = tokens.rotate_token(connection, "office")
    (after,) = listed(engine)
    assert first != second
    assert split_token(second) == (before.id, after.secret_sha256)
    assert after.secret_sha256 != before.secret_sha256
    assert (after.scopes, after.expires_at) == (before.scopes, before.expires_at)


def test_what_is_revoked_stays_so(engine: Engine) -> None:
    create(engine)
    with transaction(engine) as connection:
        tokens.revoke_token(connection, "office")
    assert listed(engine)[0].revoked_at is not None
    assert in_force(engine) == []
    for change in (tokens.revoke_token, tokens.rotate_token):
        with pytest.raises(TokenRevoked), transaction(engine) as connection:
            change(connection, "office")


def test_a_name_that_no_one_has_is_not_found(engine: Engine) -> None:
    for change in (tokens.revoke_token, tokens.rotate_token):
        with pytest.raises(TokenNotFound, match="'nobody'"), transaction(engine) as connection:
            change(connection, "nobody")


def test_a_token_is_in_force_until_it_expires(engine: Engine) -> None:
    create(engine, "for good")
    create(engine, "for a day", expires_at=NOW + timedelta(days=1))
    create(engine, "until a minute ago", expires_at=NOW - timedelta(minutes=1))
    assert in_force(engine) == ["for a day", "for good"]


def test_the_day_of_the_last_use_only_goes_on(engine: Engine) -> None:
    create(engine)
    token_id = listed(engine)[0].id
    for day, kept in ((5, 5), (4, 5), (5, 5), (7, 7)):
        with engine.connect() as connection:
            tokens.note_use(connection, token_id, date(2026, 1, day))
        assert listed(engine)[0].last_used_on == date(2026, 1, kept)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        "qol",
        "qol_1_2",
        "QOL_" + "a" * 16 + "_" + "b" * 64,
        "qol_" + "a" * 16 + "_" + "b" * 63,
        "qol_" + "a" * 16 + "_" + "b" * 64 + "\n",
        "qol_" + "١" * 16 + "_" + "b" * 64,
        "\udcff",
        "я" * 1000,
    ],
)
def test_what_is_no_token_has_no_id_and_costs_a_hash_as_well(wrong: str) -> None:
    token_id, secret_sha256 = split_token(wrong)
    assert token_id == ""
    assert len(secret_sha256) == 64


def test_admin_includes_all_scopes_and_read_that_of_metrics() -> None:
    def may(*scopes: str) -> list[str]:
        token = Bearer("id", "name", "hash", scopes, None, NOW, None, None, None)
        return [scope for scope in tokens.SCOPES if token.may(scope)]

    assert may("read") == ["read", "metrics"]
    assert may("metrics") == ["metrics"]
    assert may("write", "delete") == ["write", "delete"]
    assert may("admin") == ["read", "write", "delete", "metrics", "admin"]
    assert may() == []
