"""A version that loses a signer, or signs other content: reported, refused, or accepted."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.asking import content_of, filled, get, message_of, save
from tests.conftest import AppMaker
from tests.store.signings import IVANOV, PETROVA, Person, signed_by

BOTH = (IVANOV, PETROVA)
LOSS = (
    "cms: the new version loses the signature of ПЕТРОВА АННА (IIN 910202400025, BIN 050140001234)"
)
OTHER = "cms: the new version signs other content"


def second(client: FlaskClient, *people: Person, **options: Any) -> Any:
    cms = signed_by(*people, **options)
    return client.post("/signature", json=filled(version=1, cms=cms))


@pytest.mark.parametrize(
    ("people", "content", "warnings"),
    [
        (BOTH, b"content", None),
        ((IVANOV,), b"content", [LOSS]),
        (BOTH, b"other", [OTHER]),
        ((IVANOV,), b"other", [LOSS, OTHER]),
    ],
)
def test_a_loss_is_reported_beside_what_was_saved(
    client: FlaskClient, people: tuple[Person, ...], content: bytes, warnings: list[str] | None
) -> None:
    save(client, cms=signed_by(*BOTH))
    answer = content_of(second(client, *people, content=content), 201)
    assert answer.get("warnings") == warnings
    assert answer["signature"]["version"] == 2


def test_a_loss_is_reported_in_the_clients_language(client: FlaskClient) -> None:
    save(client, cms=signed_by(*BOTH))
    body = filled(version=1, cms=signed_by(IVANOV))
    answer = content_of(client.post("/signature", json=body, headers={"api-locale": "ru"}), 201)
    (warning,) = answer["warnings"]
    assert "ПЕТРОВА АННА" in warning
    assert warning != LOSS


def test_a_detached_signature_over_other_content_is_noticed_too(client: FlaskClient) -> None:
    save(client, cms=signed_by(*BOTH, attached=False))
    answer = content_of(second(client, *BOTH, content=b"other", attached=False), 201)
    assert answer["warnings"] == [OTHER]


def test_a_new_signer_is_no_loss(client: FlaskClient) -> None:
    save(client, cms=signed_by(IVANOV))
    assert "warnings" not in content_of(second(client, *BOTH), 201)


@pytest.mark.parametrize(
    ("people", "content", "message"), [((IVANOV,), b"content", LOSS), (BOTH, b"other", OTHER)]
)
def test_a_loss_may_be_refused_and_leaves_no_trace(
    make_app: AppMaker, people: tuple[Person, ...], content: bytes, message: str
) -> None:
    client = make_app(COSIGN_GUARD="refuse").test_client()
    save(client, cms=signed_by(*BOTH))
    before = get(client)
    assert message_of(second(client, *people, content=content)) == message
    assert get(client) == before
    content_of(second(client, *BOTH), 201)


def test_nothing_is_compared_where_the_guard_is_off(make_app: AppMaker) -> None:
    client = make_app(COSIGN_GUARD="off").test_client()
    save(client, cms=signed_by(*BOTH))
    assert "warnings" not in content_of(second(client, IVANOV), 201)


def test_a_first_version_loses_nothing(client: FlaskClient) -> None:
    body = filled(version=7, cms=signed_by(IVANOV))
    assert "warnings" not in content_of(client.post("/signature", json=body), 201)
