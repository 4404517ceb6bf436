"""The pass that verifies in the background: nothing keeps the rest waiting."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text, update

from app.cms.parsing import parse
from app.store.database.engine import transaction
from app.store.leases import take_lease
from app.store.models import Lease, Signer, Version
from app.store.signatures.extraction import read_signing
from app.store.signatures.judgements import find_waiting, judge_again, read_unverified
from app.store.signatures.large_texts import Key
from app.store.signatures.standings import REFUSED, VALUE_VALID
from app.trust import Trust
from app.trust import examiner as examiner_module
from app.trust.examiner import REST, Examiner
from tests import pki
from tests.api import people
from tests.api.people import ivan
from tests.store.signings import SAVED_AT
from tests.store.threads import save


@pytest.fixture(name="examiner")
def examiner_of_a_store(engine: Engine, tmp_path: Path) -> Examiner:
    """Provide the pass over a store with two threads that wait, and one anchor."""
    folder = people.trust(tmp_path / "trust", pki.authority())
    cms = people.cms(ivan())
    for document in ("a", "b"):
        save(engine, document, cms=cms, signing=read_signing(parse(cms), SAVED_AT))
    return Examiner(engine, Trust(folder, online=False, cache=tmp_path / "cache"))


def found(engine: Engine) -> list[tuple[bool, str | None]]:
    """Return of each signer whether an anchor was reached, and the reason."""
    statement = select(Signer.standing, Signer.standing_reason).order_by(Signer.signature_id)
    with engine.connect() as connection:
        return [(bool(row[0]), row[1]) for row in connection.execute(statement)]


def test_what_waits_is_verified_and_then_nothing_is_done(examiner: Examiner) -> None:
    assert examiner.run_once() == REST
    assert found(examiner.engine) == [(True, None)] * 2
    assert examiner.run_once() == REST


def test_what_can_t_be_read_is_said_to_be_so(examiner: Examiner) -> None:
    with examiner.engine.connect() as connection:
        connection.execute(update(Version).where(Version.signature_id == 1).values(cms="none"))
    assert list(examiner.examine()) == [2]
    (damaged, reason), good = found(examiner.engine)
    assert not damaged
    assert str(reason).startswith("it can't be read: cms: ")
    assert good == (True, None)


def test_zero_bytes_behind_a_signature_are_removed(examiner: Examiner) -> None:
    padded = b64encode(b64decode(people.cms(ivan())) + bytes(9)).decode()
    with examiner.engine.connect() as connection:
        connection.execute(update(Version).values(cms=padded))
    assert list(examiner.examine()) == [2]
    assert found(examiner.engine) == [(True, None)] * 2


def test_a_failure_of_one_is_logged_and_the_others_are_verified(
    examiner: Examiner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_given: object, **_more: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Trust, "verify", fail)
        assert list(examiner.examine()) == [2]
    assert found(examiner.engine) == [(False, "it could not be verified")] * 2
    assert "a signature can't be verified" in caplog.text


def test_a_failure_does_not_forget_what_only_the_content_showed(
    examiner: Examiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else shows that a value without signed attributes is valid, or was found refused."""
    list(examiner.examine())
    valid, _ = found(examiner.engine)
    info = pki.signer_info(ivan(), signed=None)
    plain = pki.signed_data([info], [ivan(), pki.authority()], None)
    refused = {"standing": REFUSED, "standing_reason": "another key"}
    with examiner.engine.connect() as connection:
        of_first = Version.signature_id == 1
        values = {"cms": b64encode(plain).decode(), "cms_bytes": None, "signature_sha256": None}
        connection.execute(update(Version).where(of_first).values(values))
        connection.execute(update(Signer).where(Signer.signature_id == 2).values(refused))

    def fail(*_given: object, **_more: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Trust, "verify", fail)
        verify_again(examiner)
    first, second = standings(examiner.engine)
    assert first == (VALUE_VALID, "it could not be verified")
    assert second == (REFUSED, "another key")
    verify_again(examiner)
    assert found(examiner.engine) == [valid] * 2


def verify_again(examiner: Examiner) -> None:
    with examiner.engine.connect() as connection:
        connection.execute(update(Signer).values(judged_against=None))
    assert list(examiner.examine()) == [2]


def standings(engine: Engine) -> list[tuple[int | None, str | None]]:
    statement = select(Signer.standing, Signer.standing_reason).order_by(Signer.signature_id)
    with engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(statement)]


class Killed(BaseException):
    """Ends a process in the middle of a verification."""


@pytest.mark.attacks
def test_what_ends_two_processes_is_set_aside(
    examiner: Examiner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    poison = first_waiting(examiner)
    verify = Trust.verify

    def end(self: Trust, *given: Any, **more: Any) -> Any:
        if looked_at[-1] == poison:
            raise Killed
        return verify(self, *given, **more)

    looked_at: list[Key] = []
    read = read_unverified

    def look(connection: Connection, key: Key) -> Any:
        looked_at.append(key)
        return read(connection, key)

    monkeypatch.setattr(Trust, "verify", end)
    monkeypatch.setattr(examiner_module, "read_unverified", look)
    for _ in range(2):
        with pytest.raises(Killed):
            list(examiner.examine())
        expire_leases(examiner.engine)
    assert list(examiner.examine()) == [1, 1]
    set_aside, good = found(examiner.engine)
    assert (set_aside[0], good) == (False, (True, None))
    assert "ended processes" in str(set_aside[1])
    assert "is set aside" in caplog.text
    with examiner.engine.connect() as connection:
        assert connection.execute(select(Lease)).all() == []


def test_a_version_is_not_set_aside_for_being_verified_when_a_process_ended(
    examiner: Examiner,
) -> None:
    """As when a server is replaced: what comes next is verified by itself, and all else as ever."""
    with examiner.engine.begin() as connection:
        take_lease(connection, "verify", "another", 0)
    assert list(examiner.examine()) == [1, 1]
    assert found(examiner.engine) == [(True, None)] * 2


def test_who_is_proven_to_be_refused_goes_before_all_saves(examiner: Examiner) -> None:
    assert first_waiting(examiner) == Key(1, 1)
    with transaction(examiner.engine) as connection:
        judge_again(connection, Key(2, 1), [1])
    assert first_waiting(examiner) == Key(2, 1)


def first_waiting(examiner: Examiner) -> Key:
    with examiner.engine.connect() as connection:
        everything = examiner.trust.trusted().everything
        return find_waiting(connection, everything, 9)[0]


def expire_leases(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(update(Lease).values(until=SAVED_AT))


def test_a_signer_that_verification_does_not_find_is_left_unchanged(examiner: Examiner) -> None:
    with examiner.engine.connect() as connection:
        connection.execute(update(Signer).where(Signer.signature_id == 1).values(number=7))
    assert list(examiner.examine()) == [2]
    assert found(examiner.engine) == [(False, None), (True, None)]
    assert list(examiner.examine()) == []


def test_a_database_that_is_away_is_tried_again_later(
    examiner: Examiner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with examiner.engine.connect() as connection:
        connection.execute(text("ALTER TABLE leases RENAME TO elsewhere"))
    try:
        assert examiner.run_once() > REST
    finally:
        with examiner.engine.connect() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO leases"))
    assert "verification in the background waits" in caplog.text
    monkeypatch.setattr(Trust, "trusted", lambda _self: 1 / 0)
    assert examiner.run_once() > REST
    assert "verification in the background failed" in caplog.text
