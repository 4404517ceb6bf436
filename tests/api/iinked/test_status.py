"""The documents and signers in a package."""

from __future__ import annotations

from itertools import chain
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from app.store.packages import implicit as implicit_packages
from tests.api.iinked.asking import (
    ANNA,
    ERLAN,
    FUTURE,
    IVAN,
    add,
    answer_of,
    post,
    refusal,
    revisions,
    sign,
    status,
)
from tests.conftest import AppMaker, write_url
from tests.store.signings import IVANOV, PETROVA, SYDYKOV

DOCUMENTS = [{"externalId": "doc"}, {"externalId": "annex", "name": "Annex"}]


def test_a_new_package_waits_for_everyone(client: FlaskClient) -> None:
    answer = status(client, add(client, documents=DOCUMENTS, signers=[IVAN, ANNA]))
    assert (answer["state"], answer["isExecuted"]) == ("open", False)
    assert revisions(answer, "isSigned") == [[False, False], [False, False]]
    assert revisions(answer, "isNext") == [[True, True], [True, True]]


def test_who_signed_is_known_document_by_document(client: FlaskClient) -> None:
    public_id = add(client, documents=DOCUMENTS, signers=[IVAN, ANNA])
    sign(client, IVANOV)
    sign(client, IVANOV, PETROVA, document="annex")
    answer = status(client, public_id)
    assert revisions(answer, "isSigned") == [[True, False], [True, True]]
    assert revisions(answer, "isNext") == [[False, True], [False, False]]
    assert [document["isExecuted"] for document in answer["documents"]] == [False, True]
    assert (answer["state"], answer["isExecuted"]) == ("open", False)
    sign(client, IVANOV, PETROVA, version=1)
    answer = status(client, public_id)
    assert (answer["state"], answer["isExecuted"]) == ("executed", True)


def test_a_version_that_loses_a_signature_takes_the_execution_back(client: FlaskClient) -> None:
    public_id = add(client, signers=[IVAN, ANNA])
    sign(client, IVANOV, PETROVA)
    assert status(client, public_id)["state"] == "executed"
    sign(client, IVANOV, version=1)
    assert status(client, public_id)["state"] == "open"


def test_a_signature_under_another_thread_counts_for_nothing(client: FlaskClient) -> None:
    public_id = add(client)
    sign(client, IVANOV, thread="other")
    assert revisions(status(client, public_id), "isSigned") == [[False]]


def test_one_signs_after_the_other_in_a_sequential_package(client: FlaskClient) -> None:
    signers = [{**IVAN, "order": 2}, {**ANNA, "order": 1}, {**ERLAN, "order": 3}]
    public_id = add(client, type="Sequential", documents=DOCUMENTS, signers=signers)
    answer = status(client, public_id)
    assert [each["firstName"] for each in answer["signers"]] == ["Анна", "Иван", "Ерлан"]
    assert revisions(answer, "isNext") == [[True, False, False]] * 2
    sign(client, PETROVA)
    sign(client, IVANOV, document="annex")
    answer = status(client, public_id)
    assert revisions(answer, "isNext") == [[False, True, False], [True, False, False]]
    sign(client, PETROVA, IVANOV, SYDYKOV, version=1)
    assert revisions(status(client, public_id), "isNext")[0] == [False] * 3


def test_everyone_is_next_in_a_package_for_counterparts(client: FlaskClient) -> None:
    public_id = add(client, type="Counterpart", signers=[IVAN, ANNA])
    assert revisions(status(client, public_id), "isNext") == [[True, True]]


def test_no_one_is_next_in_a_draft(client: FlaskClient) -> None:
    answer = status(client, add(client, state="draft"))
    assert answer["state"] == "draft"
    assert revisions(answer, "isNext") == [[False]]


def test_documents_stand_in_their_order(client: FlaskClient) -> None:
    documents = [
        {"externalId": code, "order": order} for code, order in zip("abc", (5, 1, 1), strict=True)
    ]
    answer = status(client, add(client, documents=documents))
    found = [(document["externalId"], document["order"]) for document in answer["documents"]]
    assert found == [("b", 1), ("c", 1), ("a", 5)]


def test_what_has_no_order_is_counted_from_0(client: FlaskClient) -> None:
    answer = status(client, add(client, documents=DOCUMENTS, signers=[IVAN, ANNA]))
    assert [document["order"] for document in answer["documents"]] == [0, 1]
    assert [signer["order"] for signer in answer["signers"]] == [0, 1]


def test_ids_are_uuids_that_stay(client: FlaskClient) -> None:
    public_id = add(client, documents=DOCUMENTS, signers=[IVAN, ANNA])
    before = status(client, public_id)
    sign(client, IVANOV)
    after = status(client, public_id)
    found = [each["signerId"] for each in before["signers"]]
    assert found == [each["signerId"] for each in after["signers"]]
    for document, again in zip(before["documents"], after["documents"], strict=True):
        assert document["documentId"] == again["documentId"]
        found.append(document["documentId"])
        assert [each["signerId"] for each in document["revisions"]] == found[:2]
        for revision, same in zip(document["revisions"], again["revisions"], strict=True):
            assert revision["revisionId"] == same["revisionId"]
            assert UUID(revision["revisionId"]).version == 8
            found.append(revision["revisionId"])
    other = status(client, add(client, documents=DOCUMENTS, signers=[IVAN, ANNA]))
    found += [each["documentId"] for each in other["documents"]]
    found += chain(*revisions(other, "revisionId"))
    assert len(set(found)) == len(found) == 2 + 2 + 4 + 2 + 4
    assert all(str(UUID(each)) == each for each in found)


def test_there_are_no_links_unless_they_are_wanted(make_app: AppMaker) -> None:
    client = make_app(PUBLIC_URL="https://sign.example.kz").test_client()
    answer = status(client, add(client))
    assert revisions(answer, "link") == [[None]]
    assert (answer["signers"][0]["links"], answer["signers"][0]["signLink"]) == ([], None)


def test_there_are_no_links_where_no_one_said_where_the_server_is(client: FlaskClient) -> None:
    answer = status(client, add(client, generateSignerLinks=True))
    assert revisions(answer, "link") == [[None]]
    assert (answer["signers"][0]["links"], answer["signers"][0]["signLink"]) == ([], None)


def test_each_link_has_a_token_of_its_own(make_app: AppMaker) -> None:
    client = make_app(PUBLIC_URL="https://sign.example.kz").test_client()
    public_id = add(client, documents=DOCUMENTS, signers=[IVAN, ANNA], generateSignerLinks="true")
    answer = status(client, public_id)
    of_revisions = list(chain(*revisions(answer, "link")))
    of_signers = [link["link"] for each in answer["signers"] for link in each["links"]]
    assert sorted(of_revisions) == sorted(of_signers)
    assert [link["name"] for link in answer["signers"][1]["links"]] == ["doc", "Annex"]
    assert [link["timeExpires"] for link in answer["signers"][1]["links"]] == [None, None]
    every = of_revisions + [each["signLink"]["link"] for each in answer["signers"]]
    assert len(set(every)) == 4 + 2


def test_a_package_is_found_by_its_own_thread(client: FlaskClient) -> None:
    public_id = add(client, thread=None)
    sign(client, IVANOV, thread=public_id)
    assert status(client, public_id)["state"] == "executed"
    assert status(client, public_id.upper())["packageId"] == public_id


def test_a_thread_that_was_registered_is_found_by_its_name(client: FlaskClient) -> None:
    add(client, thread="contract/17 a")
    newest = add(client, thread="contract/17 a")
    assert status(client, "contract/17 a")["packageId"] == newest


def test_a_thread_that_no_one_registered_is_a_package(client: FlaskClient) -> None:
    sign(client, IVANOV, thread="deal")
    sign(client, PETROVA, IVANOV, thread="deal", document="annex")
    answer = status(client, "deal")
    assert (answer["packageId"], answer["name"]) == ("deal", "deal")
    assert (answer["type"], answer["state"], answer["isExecuted"]) == ("concurrent", "open", False)
    assert [each["externalId"] for each in answer["documents"]] == ["doc", "annex"]
    assert [each["firstName"] for each in answer["signers"]] == ["ИВАН", "АННА"]
    assert [each["lastName"] for each in answer["signers"]] == ["ИВАНОВ", "ПЕТРОВА"]
    assert revisions(answer, "isSigned") == [[True], [True, True]]
    assert revisions(answer, "isNext") == [[False], [False, False]]
    assert [each["isExecuted"] for each in answer["documents"]] == [False, False]
    signer_ids = [each["signerId"] for each in answer["signers"]]
    assert revisions(answer, "signerId") == [signer_ids[:1], signer_ids]
    assert UUID(answer["documents"][0]["documentId"]).version == 5
    assert status(client, "deal") == answer


def test_signers_without_an_iin_are_distinguished_by_what_they_claim(client: FlaskClient) -> None:
    company = ("КОМПАНИЯ", "", "ТОО", PETROVA[3])
    stranger, other = ("БЕЗ НОМЕРА", "", None, None), ("ДРУГОЙ", "", None, None)
    sign(client, company, stranger, other)
    sign(client, other, stranger, document="annex")
    answer = status(client, "main")
    assert len(answer["signers"]) == 3
    ids = [each["signerId"] for each in answer["signers"]]
    assert revisions(answer, "signerId") == [ids, ids[1:]]


def test_what_is_no_signature_has_no_signers(open_client: FlaskClient) -> None:
    sign(open_client, IVANOV, thread="deal")
    given = {"document": "raw", "thread": "deal", "cms": "no signature"}
    assert open_client.post("/signature", json=given).status_code == 201
    answer = status(open_client, "deal")
    assert [len(document["revisions"]) for document in answer["documents"]] == [1, 0]


def test_a_thread_of_very_many_documents_is_no_package(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(implicit_packages, "MAX_DOCUMENTS", 1)
    for document in ("a", "b"):
        sign(client, IVANOV, document=document)
    code, message = refusal(client.get("/packages/main/status"))
    assert (code, message) == (
        "invalid_request",
        "Thread has more than 1 documents, so it is no package",
    )


@pytest.mark.parametrize(
    "name", ["nothing", "7a17e4e7-bc32-4256-bf81-27eac794c2b7", "%00", "a%2Fb", "x" * 5000]
)
def test_what_is_neither_is_not_found(client: FlaskClient, name: str) -> None:
    for prefix in ("", "/api/v1"):
        code, message = refusal(client.get(f"{prefix}/packages/{name}/status"), 404)
        assert (code, message) == ("package_not_found", "Package was not found")


def test_a_refusal_is_reported_in_the_language_of_the_client(client: FlaskClient) -> None:
    response = client.get("/packages/none/status", headers={"Accept-Language": "ru"})
    assert refusal(response, 404) == ("package_not_found", "Пакет не найден")


@pytest.mark.parametrize("prefix", ["/packages", "/api/v1/packages"])
def test_what_is_wrong_with_an_address_has_the_family_s_shape(
    client: FlaskClient, prefix: str
) -> None:
    assert refusal(client.get(f"{prefix}/none"), 404)[0] == "not_found"
    assert refusal(client.get(f"{prefix}/add"), 405)[0] == "method_not_allowed"
    assert refusal(client.delete(f"{prefix}/a/status"), 405)[0] == "method_not_allowed"
    assert refusal(client.post(f"{prefix}/add", data=b"{"), 400)[0] == "invalid_request"


def test_a_deleted_package_leaves_its_signatures(client: FlaskClient) -> None:
    public_id = add(client, thread="deal")
    sign(client, IVANOV, thread="deal")
    assert post(client, "delete", packageId=public_id.upper()) == {"packageId": public_id}
    assert refusal(client.get(f"/packages/{public_id}/status"), 404)[0] == "package_not_found"
    assert status(client, "deal")["packageId"] == "deal"
    asked = {"document": "doc", "thread": "deal"}
    assert client.get("/signature", query_string=asked).status_code == 200


def test_what_was_given_is_given_back(client: FlaskClient) -> None:
    external = {"a": [1, 2.5, None, True, {"ключ": "\u0000"}], "b": {}, "big": 2**63 - 1}
    signer = {**IVAN, "email": "ivan@example.kz", "mobileNumber": "+7 701 000 00 00"}
    public_id = add(client, externalData=external, signers=[signer], timeSignBy=FUTURE)
    answer = answer_of(client.get(f"/packages/{public_id}/status"))
    assert answer["externalData"] == external
    assert answer["timeSignBy"] == FUTURE
    assert (answer["organizationId"], answer["memberId"]) == (None, None)
    (found,) = answer["signers"]
    assert {name: found[name] for name in signer if name != "iin"} == {
        name: value for name, value in signer.items() if name != "iin"
    }
    assert answer["documents"][0]["fileName"] == "agreement.pdf"
    assert answer["documents"][0]["name"] is None


@pytest.mark.slow
def test_moments_are_utc_whatever_zone_the_database_has(
    start_app: AppMaker, postgresql_url: str
) -> None:
    address = make_url(postgresql_url)
    options = f"{address.query['options']} -ctimezone=Asia/Almaty"
    url = write_url(address.update_query_dict({"options": options}))
    client = start_app(DATABASE_URL=url, PUBLIC_URL="https://sign.example.kz").test_client()
    answer = status(client, add(client, timeSignBy=FUTURE, generateSignerLinks=True))
    assert answer["timeSignBy"] == FUTURE
    assert answer["signers"][0]["signLink"]["timeExpires"] == FUTURE.replace("Z", ".000Z")
