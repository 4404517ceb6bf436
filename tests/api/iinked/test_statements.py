"""The number of statements, which doesn't grow with what is in a package."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.extensions import db
from tests.api.iinked.asking import IVAN, add, post, sign, status
from tests.store.signings import IVANOV, PETROVA, SYDYKOV
from tests.store.test_statements import counted_statements

FEW: dict[str, Any] = {"documents": [{"externalId": "doc"}], "signers": [IVAN]}
MANY: dict[str, Any] = {
    "documents": [{"externalId": f"d{number}"} for number in range(40)],
    "signers": [{"iin": f"{900_000_000_000 + number}", "role": "CEO"} for number in range(20)],
}


def test_a_status_is_three_statements(make_app: Any) -> None:
    app: Flask = make_app(PUBLIC_URL="https://sign.example.kz")
    client = app.test_client()
    sign(client, IVANOV, document="d7")
    with app.app_context():
        engine = db.engine
    for content in (FEW, MANY):
        public_id = add(client, generateSignerLinks=True, **content)
        with counted_statements(engine) as statements:
            status(client, public_id)
        assert len(statements) == 3


def test_a_thread_that_no_one_registered_is_five_statements(app: Flask) -> None:
    client = app.test_client()
    with app.app_context():
        engine = db.engine
    for document in "abc":
        sign(client, IVANOV, PETROVA, SYDYKOV, document=document)
        with counted_statements(engine) as statements:
            status(client, "main")
        assert len([one for one in statements if one.startswith("SELECT")]) == 5


def test_writes_are_a_constant_number_of_statements(app: Flask) -> None:
    client = app.test_client()
    with app.app_context():
        engine = db.engine
    # The first request that needs the anchors of the database reads them.
    add(client, **FEW)
    numbers = set()
    for content in (FEW, MANY):
        with counted_statements(engine) as statements:
            answer = post(client, "add", name="P", type="concurrent", **content)
            for action in ("send", "rescind", "delete"):
                post(client, action, packageId=answer["packageId"])
        numbers.add(len([text for text in statements if "BEGIN" not in text]))
    assert len(numbers) == 1


def test_a_list_is_two_statements_and_what_prepares_them(app: Flask) -> None:
    client = app.test_client()
    with app.app_context():
        engine = db.engine
    for content in (FEW, MANY):
        for _ in range(3):
            add(client, **content)
        with counted_statements(engine) as statements:
            post(client, "list", states=["open", "executed"], search="д", isExecuted=False)
        assert len([text for text in statements if text.startswith("SELECT")]) == 2
        assert len(statements) <= 3
