"""A verification is a function of one item, outside of any request too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.api.ncanode3.errors import FieldNotSet
from app.api.ncanode3.verifications import FUNCTIONS, SCHEMAS, Verifications
from app.cms import MalformedSignature
from app.trust import Trust
from app.wording.sentences import Wording
from tests.api.ncanode3.asking import base64
from tests.api.people import cms, ivan


@pytest.fixture(name="verifications")
def verifications_of_a_folder(trust_folder: Path, tmp_path: Path) -> Verifications:
    """Provide verifications without an application."""
    return Verifications(Trust(trust_folder, online=False, cache=tmp_path), Wording("ru"))


def test_many_items_need_no_request(verifications: Verifications) -> None:
    items: list[dict[str, Any]] = [
        {"cms": cms(ivan())},
        {"cms": cms(ivan()), "revocationCheck": ["CRL"]},
    ]
    found = [FUNCTIONS["/cms/verify"](verifications, item) for item in items]
    assert [one["valid"] for one in found] == [True, False]
    assert {one["status"] for one in found} == {200}


def test_an_item_that_can_t_be_used_raises_what_a_request_is_refused_for(
    verifications: Verifications,
) -> None:
    with pytest.raises(FieldNotSet):
        verifications.verify_cms({})
    with pytest.raises(MalformedSignature):
        verifications.verify_cms({"cms": "AA=="})


def test_each_function_has_its_schema(verifications: Verifications) -> None:
    assert FUNCTIONS.keys() == SCHEMAS.keys()
    certificate = base64(ivan().certificate)
    described = FUNCTIONS["/x509/info"](verifications, {"certs": certificate, "odd": 1})
    assert described["valid"] is True
