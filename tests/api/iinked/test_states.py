"""How a package goes from one state to the next, and who may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app.extensions import db
from app.store.models import Package
from tests.api.iinked.asking import FUTURE, add, post, refuse, revisions, sign, status
from tests.store.signings import IVANOV
from tests.store.threads import all_at_once


def expire(app: Flask) -> None:
    """Make all packages expire."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(update(Package).values(sign_by=past))


def test_a_draft_is_sent(client: FlaskClient) -> None:
    public_id = add(client, state="draft", timeSignBy=FUTURE)
    answer = post(client, "send", packageId=public_id)
    assert answer == {"packageId": public_id, "package": status(client, public_id)}
    assert answer["package"]["state"] == "open"
    assert revisions(answer["package"], "isNext") == [[True]]


def test_only_a_draft_is_sent(client: FlaskClient) -> None:
    sent = add(client)
    assert refuse(client, "send", packageId=sent) == (
        "package_invalid_state",
        "Package was sent already",
    )
    post(client, "rescind", packageId=sent)
    assert refuse(client, "send", packageId=sent)[1] == "Package was rescinded already"


def test_a_draft_that_has_expired_is_not_sent(app: Flask) -> None:
    client = app.test_client()
    public_id = add(client, state="draft", timeSignBy=FUTURE)
    expire(app)
    assert refuse(client, "send", packageId=public_id) == (
        "package_invalid_state",
        "Package has expired",
    )
    assert status(client, public_id)["state"] == "expired"


def test_in_an_expired_package_no_signer_is_next(app: Flask) -> None:
    client = app.test_client()
    public_id = add(client, timeSignBy=FUTURE)
    expire(app)
    answer = status(client, public_id)
    assert (answer["state"], answer["isExecuted"]) == ("expired", False)
    assert revisions(answer, "isNext") == [[False]]


def test_what_all_have_signed_has_not_expired(app: Flask) -> None:
    client = app.test_client()
    public_id = add(client, timeSignBy=FUTURE)
    expire(app)
    sign(client, IVANOV)
    assert status(client, public_id)["state"] == "executed"


def test_a_rescinded_package_is_rescinded_even_if_all_signed(client: FlaskClient) -> None:
    public_id = add(client)
    answer = post(client, "rescind", packageId=public_id, rescindMessage="A mistake")
    assert answer["package"]["state"] == "rescinded"
    assert revisions(answer["package"], "isNext") == [[False]]
    sign(client, IVANOV)
    answer = status(client, public_id)
    assert (answer["state"], answer["isExecuted"]) == ("rescinded", True)


def test_only_what_was_sent_is_rescinded(client: FlaskClient) -> None:
    public_id = add(client, state="draft")
    assert refuse(client, "rescind", packageId=public_id) == (
        "package_invalid_state",
        "Package is a draft, which can be deleted",
    )
    post(client, "send", packageId=public_id)
    post(client, "rescind", packageId=public_id)
    assert refuse(client, "rescind", packageId=public_id) == (
        "package_invalid_state",
        "Package was rescinded already",
    )


@pytest.mark.parametrize("state", ["draft", "open"])
def test_a_package_is_deleted_in_any_state(client: FlaskClient, state: str) -> None:
    public_id = add(client, state=state)
    assert post(client, "delete", packageId=public_id) == {"packageId": public_id}
    for action in ("send", "rescind", "delete"):
        assert refuse(client, action, 404, packageId=public_id)[0] == "package_not_found"


@pytest.mark.parametrize("action", ["send", "rescind", "delete"])
def test_what_is_no_package_is_not_changed(client: FlaskClient, action: str) -> None:
    sign(client, IVANOV)
    for name in ("main", "7a17e4e7-bc32-4256-bf81-27eac794c2b7", "{}", "x" * 255):
        assert refuse(client, action, 404, packageId=name)[0] == "package_not_found"
    assert refuse(client, action) == ("invalid_request", '"packageId" parameter must be set')
    long = refuse(client, action, packageId="x" * 256)
    assert long[0] == "invalid_request"


def test_a_reason_has_its_limit(client: FlaskClient) -> None:
    public_id = add(client)
    code, message = refuse(client, "rescind", packageId=public_id, rescindMessage="x" * 2001)
    assert (code, '"rescindMessage"' in message) == ("invalid_request", True)
    assert status(client, public_id)["state"] == "open"


@pytest.mark.parametrize(("action", "state"), [("send", "draft"), ("rescind", "open")])
def test_of_many_who_do_the_same_one_is_first(app: Flask, action: str, state: str) -> None:
    public_id = add(app.test_client(), state=state)

    def try_it() -> TestResponse:
        given = {"packageId": public_id}
        return app.test_client().post(f"/packages/{action}", json=given)

    answers = all_at_once([try_it] * 8)
    codes = [each.status_code for each in answers if not isinstance(each, Exception)]
    assert sorted(codes) == [200] + [400] * 7
