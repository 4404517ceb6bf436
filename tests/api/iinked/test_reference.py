"""The reference's example and ours, key by key."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask

from tests.api.iinked.asking import answer_of, package, status
from tests.api.references import reference
from tests.conftest import AppMaker

ORGANIZATION = "24261ee6-5f66-4692-ba49-533c9b58999b"

#: The keys of the reference's example, with values of the types that they have there.
LINK: dict[str, Any] = {
    "name": "",
    "link": "",
    "type": "",
    "token": "",
    "timeExpires": "",
    "packageId": "",
}
EXAMPLE: dict[str, Any] = {
    "packageId": "",
    "organizationId": "",
    "memberId": "",
    "name": "",
    "timeSignBy": "",
    "type": "",
    "state": "",
    "externalData": None,
    "isExecuted": False,
    "documents": [
        {
            "packageId": "",
            "documentId": "",
            "fileId": None,
            "exernalId": None,
            "name": None,
            "fileName": "",
            "order": 0,
            "isExecuted": False,
            "revisions": [
                {
                    "packageId": "",
                    "documentId": "",
                    "revisionId": "",
                    "signerId": "",
                    "link": "",
                    "isNext": True,
                    "isSigned": False,
                }
            ],
        }
    ],
    "signers": [
        {
            "signerId": "",
            "firstName": "",
            "lastName": "",
            "email": "",
            "mobileNumber": "",
            "order": 0,
            "links": [
                {**LINK, "documentId": "", "revisionId": "", "isNext": True, "isSigned": False}
            ],
            "signLink": LINK,
            "meetingLink": None,
        }
    ],
}
#: What the reference has in its list of fields and not in its example.
BESIDES = {"externalId"}
#: Null in the example, and text in the list of fields.
NULLABLE = {"exernalId", "memberId"}


def example() -> dict[str, Any]:
    """Return the example of the reference, or the keys that are known of it."""
    text = reference("003")
    if text is None:
        return EXAMPLE
    _, _, rest = text.partition("```json Response (200)")
    read: dict[str, Any] = json.loads(rest.partition("\n")[2].partition("```")[0])
    assert shape(read) == shape(EXAMPLE)
    return read


def shape(value: Any) -> Any:
    """Return the types in a value, of a list those of its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(value[0])] if isinstance(value, list) else type(value)


def compare(theirs: Any, ours: Any, place: str = "") -> None:
    """Fail where a key is missing, or has another type."""
    if place.rpartition(".")[2] in NULLABLE:
        assert ours is None or isinstance(ours, str), place
        return
    assert type(ours) is type(theirs), place
    if isinstance(theirs, dict):
        assert set(ours) - set(theirs) <= BESIDES, place
        for key, value in theirs.items():
            assert key in ours, f"{place}.{key}"
            compare(value, ours[key], f"{place}.{key}")
    if isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for one, other in zip(theirs, ours, strict=True):
            compare(one, other, f"{place}[]")


def described(make_app: AppMaker) -> Flask:
    """Make an application with all data of the example."""
    return make_app(PUBLIC_URL="https://sign.example.kz/", ORGANIZATION_ID=ORGANIZATION)


def test_our_answer_has_each_key_of_the_example_with_its_type(make_app: AppMaker) -> None:
    client = described(make_app).test_client()
    signer = {"firstName": "Signer", "lastName": "One", "email": "signer.one@example.com"}
    given = package(
        name="My First Signing",
        type="Sequential",
        timeSignBy="2999-03-02T20:08:41Z",
        generateSignerLinks=True,
        signers=[{**signer, "mobileNumber": "", "iin": "900101300017"}],
    )
    public_id = answer_of(client.post("/api/v1/packages/add", json=given))["packageId"]
    ours = status(client, public_id)
    compare(example(), ours)
    assert ours == answer_of(client.get(f"/api/v1/packages/{public_id}/status"))
    assert ours["organizationId"] == ORGANIZATION
    assert ours["timeSignBy"] == "2999-03-02T20:08:41Z"
    document, signer = ours["documents"][0], ours["signers"][0]
    assert document["externalId"] == document["exernalId"] == "doc"
    (revision,), (link,) = document["revisions"], signer["links"]
    assert revision["link"] == link["link"] == f"https://sign.example.kz/sign/{link['token']}"
    assert (link["name"], link["type"]) == ("agreement", "document")
    assert link["timeExpires"] == "2999-03-02T20:08:41.000Z"
    assert signer["signLink"]["type"] == "package_sign"
    assert signer["signLink"]["link"].endswith(f"/sign/{signer['signLink']['token']}")


def test_the_keys_stand_in_the_order_of_the_example(make_app: AppMaker) -> None:
    client = described(make_app).test_client()
    given = package(generateSignerLinks=True)
    ours = answer_of(client.post("/packages/add", json=given))["package"]
    theirs = example()
    assert list(ours) == list(theirs)
    assert list(ours["signers"][0]) == list(theirs["signers"][0])
    document = [key for key in ours["documents"][0] if key not in BESIDES]
    assert document == list(theirs["documents"][0])
    for ours_too, theirs_too in (
        (ours["documents"][0]["revisions"], theirs["documents"][0]["revisions"]),
        (ours["signers"][0]["links"], theirs["signers"][0]["links"]),
    ):
        assert list(ours_too[0]) == list(theirs_too[0])
