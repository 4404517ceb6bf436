"""Lists of packages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.extensions import db
from app.store.models import Package
from tests.api.iinked.asking import FUTURE, add, answer_of, post, refuse, sign, status
from tests.store.signings import IVANOV

KEYS = [
    "packageId",
    "organizationId",
    "memberId",
    "name",
    "timeSignBy",
    "type",
    "state",
    "externalData",
    "isExecuted",
]


def found(client: FlaskClient, **fields: Any) -> list[str]:
    """Return the names of the packages that are listed; there are no more than that."""
    answer = post(client, "list", **fields)
    names = [item["name"] for item in answer["items"]]
    assert answer["total"] == len(names)
    return names


@pytest.fixture(name="five")
def one_of_each_state(app: Flask) -> FlaskClient:
    """Provide a client of a store with one package in each state, named by it."""
    client = app.test_client()
    add(client, name="expired", thread="none", timeSignBy=FUTURE)
    past = datetime.now(UTC) - timedelta(seconds=1)
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(update(Package).values(sign_by=past))
    add(client, name="draft", state="draft", thread="none", type="Sequential")
    add(client, name="open", thread="none", timeSignBy=FUTURE, type="Counterpart")
    add(client, name="executed")
    sign(client, IVANOV)
    post(client, "rescind", packageId=add(client, name="rescinded"))
    return client


def test_packages_are_listed_newest_first(five: FlaskClient) -> None:
    assert found(five) == ["rescinded", "executed", "open", "draft", "expired"]


def test_an_item_is_a_status_without_what_is_in_it(five: FlaskClient) -> None:
    answer = answer_of(five.post("/api/v1/packages/list"))
    assert list(answer) == ["items", "total", "take", "skip"]
    assert (answer["total"], answer["take"], answer["skip"]) == (5, 20, 0)
    for item in answer["items"]:
        assert list(item) == KEYS
        whole = status(five, item["packageId"])
        assert item == {key: whole[key] for key in KEYS}
        assert item["state"] == item["name"]


@pytest.mark.parametrize("state", ["rescinded", "executed", "open", "draft", "expired"])
def test_each_state_is_found_by_itself(five: FlaskClient, state: str) -> None:
    assert found(five, states=[state]) == [state]
    assert found(five, states=state) == [state]


def test_filters_can_be_combined(five: FlaskClient) -> None:
    assert found(five, states=["open", "draft"]) == ["open", "draft"]
    assert found(five, states=["open", "draft"], types=["Sequential"]) == ["draft"]
    assert found(five, types=["Counterpart", "Sequential"]) == ["open", "draft"]
    assert found(five, isExecuted=True) == ["rescinded", "executed"]
    assert found(five, isExecuted=False) == ["open", "draft", "expired"]
    assert found(five, isExecuted=True, states=["executed"]) == ["executed"]
    assert found(five, isExecuted=None, states=[], types=None) == found(five)


def test_a_page_has_its_part_and_the_number_of_all(five: FlaskClient) -> None:
    answer = post(five, "list", skip=1, take=2, states=["open", "draft", "expired"])
    assert [item["name"] for item in answer["items"]] == ["draft", "expired"]
    assert (answer["total"], answer["take"], answer["skip"]) == (3, 2, 1)
    answer = post(five, "list", skip=2**62)
    assert (answer["items"], answer["total"]) == ([], 5)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", ["draft", "executed", "expired", "open", "rescinded"]),
        ("-name", ["rescinded", "open", "expired", "executed", "draft"]),
        ("timeCreated", ["expired", "draft", "open", "executed", "rescinded"]),
        ("timeSignBy", ["expired", "open", "draft", "executed", "rescinded"]),
        ("-timeSignBy", ["open", "expired", "rescinded", "executed", "draft"]),
    ],
)
def test_a_list_has_the_order_that_is_wanted(
    five: FlaskClient, order: str, names: list[str]
) -> None:
    assert found(five, sortBy=order) == names


def test_a_part_of_the_name_is_found_in_any_letters(client: FlaskClient) -> None:
    for name in ("Договор ӘҢҮ 100%", "ДОГОВОР аренды", "Contract_1"):
        add(client, name=name)
    assert found(client, search="догоВОР") == ["ДОГОВОР аренды", "Договор ӘҢҮ 100%"]
    assert found(client, search="әңү") == ["Договор ӘҢҮ 100%"]
    assert found(client, search="%") == ["Договор ӘҢҮ 100%"]
    assert found(client, search="_") == ["Contract_1"]
    assert found(client, search="CONTRACT") == ["Contract_1"]
    assert found(client, search="\\") == []
    assert found(client, search=" ") == found(client)


def test_an_empty_store_lists_nothing(client: FlaskClient) -> None:
    assert post(client, "list") == {"items": [], "total": 0, "take": 20, "skip": 0}


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("package_invalid_state", {"states": ["open", "select"]}),
        ("package_invalid_state", {"states": [["open"]]}),
        ("package_invalid_type", {"types": "Concurrent"}),
        ("invalid_request", {"sortBy": "packageId"}),
        ("invalid_request", {"skip": -1}),
        ("invalid_request", {"take": 0}),
        ("invalid_request", {"take": 101}),
        ("invalid_request", {"isExecuted": "perhaps"}),
        ("invalid_request", {"search": ["a"]}),
    ],
)
def test_what_can_t_be_listed_is_refused(
    sqlite_client: FlaskClient, code: str, fields: dict[str, Any]
) -> None:
    found_code, message = refuse(sqlite_client, "list", **fields)
    assert found_code == code
    assert f'"{next(iter(fields))}"' in message
