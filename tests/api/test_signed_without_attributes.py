"""Signed means verified: where nothing but the content lets a value be verified, which is not kept.

That is so of a detached signature without signed attributes (RFC 5652 section 5.4).
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.api.ncanode.signatures import saving
from app.store.models import Signer, Version
from app.store.signatures.standings import LEFT
from app.trust.examiner import Examiner
from tests import pki
from tests.api import people
from tests.api.asking import rows, save
from tests.api.people import ivan
from tests.conftest import AppMaker
from tests.pki import CONTENT, NOT_BEFORE
from tests.test_cli import run

VALID = {"state": "valid", "reason": None}
NO_ANCHOR = {"state": "pending", "reason": "no trust anchor is set up"}


@pytest.fixture(name="folder")
def folder_of_anchors(tmp_path: Path) -> Path:
    """Provide TRUST_DIR, which is not there yet."""
    return tmp_path / "anchors"


@pytest.fixture(name="app")
def app_that_leaves_much_to_the_background(make_app: AppMaker, folder: Path) -> Flask:
    """Provide an application that demands nothing of what is saved."""
    return make_app(TRUST_DIR=str(folder), CMS_VALIDATION="structure")


@pytest.fixture(name="client")
def client_of_it(app: Flask) -> FlaskClient:
    """Provide a client of that application."""
    return app.test_client()


def save_with_content(client: FlaskClient, content: bytes = CONTENT) -> None:
    """Save a detached signature without signed attributes, and what was signed."""
    info = pki.signer_info(ivan(), content, signed=None)
    der = pki.signed_data([info], [ivan(), pki.authority()], None)
    save(client, cms=b64encode(der).decode(), data=b64encode(content).decode())


def examine(app: Flask) -> None:
    """Verify what waits, as the background does."""
    examiner: Examiner = app.extensions["examiner"]
    list(examiner.examine())


def standing(client: FlaskClient) -> dict[str, str | None]:
    """Ask what was found of the only signer."""
    found: dict[str, str | None] = rows(client, "with=signers")[0]["signers"][0]["standing"]
    return found


def test_an_anchor_that_comes_later_is_reached(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    save_with_content(client)
    assert standing(client) == NO_ANCHOR
    people.trust(folder, pki.authority())
    examine(app)
    assert standing(client) == VALID


def test_an_anchor_that_was_away_is_reached_again(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    people.trust(folder, pki.authority())
    save_with_content(client)
    assert standing(client) == VALID
    (folder / "0.cer").unlink()
    examine(app)
    assert standing(client) == NO_ANCHOR
    people.trust(folder, people.impostor_authority())
    examine(app)
    assert standing(client)["state"] == "pending"
    people.trust(folder, pki.authority())
    examine(app)
    assert standing(client) == VALID


def test_who_turns_out_to_have_been_revoked_has_not_signed(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    people.trust(folder, pki.authority())
    save_with_content(client)
    people.publish(folder, pki.Revoked(ivan().serial, NOT_BEFORE))
    with app.app_context(), app.extensions["examiner"].engine.connect() as connection:
        connection.execute(update(Signer).values(judged_against=None))
    examine(app)
    assert standing(client)["state"] == "refused"


def test_what_never_came_with_its_content_stays_unknown(
    app: Flask, client: FlaskClient, folder: Path
) -> None:
    people.trust(folder, pki.authority())
    info = pki.signer_info(ivan(), CONTENT, signed=None)
    der = pki.signed_data([info], [ivan(), pki.authority()], None)
    save(client, cms=b64encode(der).decode())
    assert standing(client)["state"] == "pending"
    people.trust(folder, people.impostor_authority(), pki.authority())
    examine(app)
    assert standing(client)["state"] == "pending"


def test_a_large_content_is_verified_at_once(
    client: FlaskClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "QUICK_SIZE", 10)
    people.trust(folder, pki.authority())
    save_with_content(client)
    assert standing(client) == VALID


def test_more_signers_than_are_verified_by_the_way_are_verified_at_once(
    client: FlaskClient, folder: Path
) -> None:
    """The background has no document: left to it, none of them would ever count."""
    people.trust(folder, pki.authority())
    who = [
        pki.certify(
            pki.name(f"P{number}", f"90010130{number:04}"),
            pki.rsa_key(f"p{number}"),
            pki.authority(),
            pki.PERSON,
        )
        for number in range(saving.QUICK_SIGNERS + 1)
    ]
    infos = [pki.signer_info(one, signed=None) for one in who]
    der = pki.signed_data(infos, [*who, pki.authority()], None)
    save(client, cms=b64encode(der).decode(), data=b64encode(CONTENT).decode())
    found = [one["standing"] for one in rows(client, "with=signers")[0]["signers"]]
    assert found == [VALID] * len(who)


@pytest.fixture(name="keeping")
def app_that_keeps_documents(make_app: AppMaker, folder: Path, tmp_path: Path) -> Flask:
    """Provide an application that keeps documents in a folder."""
    return make_app(
        TRUST_DIR=str(folder),
        CMS_VALIDATION="structure",
        KEEP_CONTENT="on",
        CONTENT_STORE=f"file://{tmp_path}/documents",
    )


def leave(app: Flask) -> None:
    """Leave the signers to the background, as a program before this one did on saving."""
    with app.app_context(), app.extensions["examiner"].engine.connect() as connection:
        left = {"standing": None, "standing_reason": None, "judged_against": LEFT}
        connection.execute(update(Signer).values(left))


def test_what_a_save_left_is_verified_with_the_document_that_is_kept(
    keeping: Flask, folder: Path
) -> None:
    client = keeping.test_client()
    people.trust(folder, pki.authority())
    save_with_content(client)
    leave(keeping)
    examine(keeping)
    assert standing(client) == VALID
    leave(keeping)
    assert run(keeping, "signers", "reindex", "--all")[0] == 0
    assert standing(client) == VALID


def test_what_a_save_left_stays_unknown_while_the_document_is_away(
    keeping: Flask, folder: Path, tmp_path: Path
) -> None:
    client = keeping.test_client()
    people.trust(folder, pki.authority())
    save_with_content(client)
    leave(keeping)
    (tmp_path / "documents").rename(tmp_path / "away")
    examine(keeping)
    assert standing(client)["state"] == "pending"
    (tmp_path / "away").rename(tmp_path / "documents")
    assert run(keeping, "signers", "reindex", "--all")[0] == 0
    assert standing(client) == VALID


def test_a_value_that_the_document_contradicts_is_refused(keeping: Flask, folder: Path) -> None:
    """As where what is kept is not what was compared when the version was saved."""
    client = keeping.test_client()
    people.trust(folder, pki.authority())
    save_with_content(client)
    other = pki.signer_info(ivan(), b"other", signed=None)
    der = pki.signed_data([other], [ivan(), pki.authority()], None)
    with keeping.app_context(), keeping.extensions["examiner"].engine.connect() as connection:
        values = {"cms": b64encode(der).decode(), "cms_bytes": None, "signature_sha256": None}
        connection.execute(update(Version).values(values))
    leave(keeping)
    examine(keeping)
    assert standing(client)["state"] == "refused"
