"""The UUID by which a thread is known outside, shown to who asks for it."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from tests.api.asking import content_of, rows, save

OF = {"document": "doc", "thread": "main"}


@pytest.mark.parametrize("besides", ["", ",signers", ",signers,saver", ",saver"])
def test_a_thread_keeps_its_public_id_whatever_is_saved(client: FlaskClient, besides: str) -> None:
    save(client)
    wanted = {**OF, "with": f"public_id{besides}"}
    [first] = [content_of(client.get("/signature", query_string=wanted))["signature"]]
    save(client, version=1)
    content = content_of(client.get("/signature/versions", query_string=wanted))
    listed = rows(client, f"with=public_id{besides}")
    ids = {row["public_id"] for row in (first, *content["versions"], *listed)}
    assert ids == {first["public_id"]}
    assert UUID(first["public_id"]).version == 4


def test_each_thread_has_another_public_id(client: FlaskClient) -> None:
    for document in ("a", "b", "c"):
        save(client, document=document)
    assert len({row["public_id"] for row in rows(client, "with=public_id")}) == 3


def test_signers_are_omitted_unless_requested(client: FlaskClient) -> None:
    assert "public_id" not in save(client)
    assert "public_id" not in rows(client, "with=signers")[0]
