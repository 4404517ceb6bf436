"""`with=saver`: the name of the token that saved a version."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.asking import content_of, filled, message_of, rows, save
from tests.asking_tokens import bearer, make_token
from tests.conftest import AppMaker

THREAD = "document=doc&thread=main"


@pytest.fixture(name="saved")
def saved_by_the_office(make_app: AppMaker, client: FlaskClient) -> FlaskClient:
    """Provide a client of a store in which a token saved the one version."""
    locked = make_app(AUTH="on")
    token = make_token(locked, "office", "write")
    answer = locked.test_client().post("/signature", json=filled(), headers=bearer(token))
    assert "version_saved_by" not in content_of(answer, 201)["signature"]
    return client


def of_each(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    """Return the version as each of the three addresses gives it, and a list that is streamed."""
    thread = f"{THREAD}&{query}"
    return [
        content_of(client.get(f"/signature?{thread}"))["signature"],
        content_of(client.get(f"/signature?{thread}&version=1"))["signature"],
        content_of(client.get(f"/signature/versions?{thread}"))["versions"][0],
        rows(client, f"{query}&limit=5")[0],
        rows(client, query)[0],
    ]


def test_the_saver_is_shown_to_those_who_ask(saved: FlaskClient) -> None:
    for version in of_each(saved, "with=saver"):
        assert version["version_saved_by"] == "office"
        assert "signers" not in version
        assert version["cms"]
    for version in of_each(saved, "with=signers"):
        assert "version_saved_by" not in version


@pytest.mark.parametrize(
    "query", ["with=signers,saver", "with=saver,+signers", "with[]=saver&with[]=signers"]
)
def test_both_can_be_requested(saved: FlaskClient, query: str) -> None:
    for version in of_each(saved, f"{query}&without=cms"):
        assert version["version_saved_by"] == "office"
        assert version["signers"][0]["number"] == 1
        assert "cms" not in version


def test_a_list_in_the_body_does_as_well(saved: FlaskClient) -> None:
    body = {"document": "doc", "thread": "main", "with": ["signers", "saver"]}
    found = content_of(saved.get("/signature", json=body))["signature"]
    assert found["version_saved_by"] == "office"
    assert found["signers"]


def test_without_tokens_there_is_no_saver(client: FlaskClient, app: Flask) -> None:
    assert app.config["TESTING"] is False
    save(client)
    for version in of_each(client, "with=saver"):
        assert version["version_saved_by"] is None


@pytest.mark.parametrize("wrong", ["people", "signers,people", ",", "signers;saver", "Saver"])
def test_another_word_is_refused(client: FlaskClient, wrong: str) -> None:
    message = message_of(client.get("/signatures", query_string={"with": wrong}))
    assert message == '"with" parameter must be one of signers, saver, public_id, evidence, content'


@pytest.mark.parametrize("wrong", [1, {"a": "saver"}, [1], [["saver"]], True])
def test_what_is_no_text_is_refused(client: FlaskClient, wrong: object) -> None:
    assert '"with"' in message_of(client.get("/signatures", json={"with": wrong}))


@pytest.mark.parametrize("nothing", ["", None, [], {}])
def test_nothing_is_nothing(client: FlaskClient, nothing: object) -> None:
    save(client)
    body = {"document": "doc", "thread": "main", "with": nothing}
    found = content_of(client.get("/signature", json=body))["signature"]
    assert not {"signers", "version_saved_by"} & set(found)
