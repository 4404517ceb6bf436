"""Unread parameters are reported: in the envelope, else in a header; never on a deletion."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.api import people
from tests.api.asking import content_of, filled, good_cms, message_of, save
from tests.conftest import AppMaker
from tests.test_auth import CLOSED, PUBLIC, routes

HEADER = "X-Unread-Parameters"


def test_it_is_reported_in_the_caller_s_language(sqlite_client: FlaskClient) -> None:
    save(sqlite_client)
    query = "document=doc&thread=main&signer=x"
    for locale, sentence in (
        ("en", '"signer" parameter is not read here'),
        ("ru", "Параметр «signer» здесь не читается"),
        ("kk", "«signer» параметрі мұнда оқылмайды"),
    ):
        response = sqlite_client.get(f"/signature?{query}", headers={"api-locale": locale})
        content_of(response, warnings=[sentence])
        assert HEADER not in response.headers


def test_nothing_is_reported_where_all_is_read(sqlite_client: FlaskClient) -> None:
    response = sqlite_client.post("/signature", json=filled(tag="a", stage="s", method="m"))
    assert list(response.get_json()) == ["status", "message", "content"]
    for query in ("document=doc", "tag=a", "count=1", "chain=main", ""):
        response = sqlite_client.get(f"/signatures?{query}")
        assert list(response.get_json()) == ["status", "message", "content"]


def test_the_version_of_what_is_not_stored_is_not_read(make_app: AppMaker) -> None:
    client = make_app(CLAIMS="accept").test_client()
    answer = client.post("/cms/validate", json={"cms": good_cms(), "version": 1})
    content_of(answer, warnings=['"version" parameter is not read here'])


def test_it_follows_lists_of_any_length(sqlite_client: FlaskClient) -> None:
    save(sqlite_client)
    reported = ['"tresholds" parameter is not read here']
    for query in ("limit=1", "limit=0", "count=1"):
        content = content_of(sqlite_client.get(f"/signatures?{query}&tresholds=1"), 200, reported)
        assert len(content["signatures"]) == 1
    query = "document=doc&thread=main&tresholds=1"
    assert content_of(sqlite_client.get(f"/signature/versions?{query}"), 200, reported)["versions"]


def test_a_deletion_answers_in_the_contract_s_words(sqlite_client: FlaskClient) -> None:
    save(sqlite_client)
    response = sqlite_client.delete("/signature?document=doc&thread=main&version=9&id=5")
    assert response.data == b'{"status":true}'
    assert response.headers[HEADER] == "version, id"


def test_names_are_bounded_and_of_any_kind(sqlite_client: FlaskClient) -> None:
    body = filled(**{"x" * 1000: 1, "а\r\nб": 2}, **{f"n{number}": 1 for number in range(50)})
    answer = sqlite_client.post("/signature", data=json.dumps(body)).get_json()
    assert len(answer["warnings"]) == 20
    assert f'"{"x" * 64}" parameter' in answer["warnings"][0]
    body = {"document": "doc", "thread": "main", "а\r\nб": 1}
    response = sqlite_client.delete("/signature", json=body)
    assert response.headers[HEADER] == "%D0%B0%0D%0A%D0%B1"


@pytest.mark.parametrize("name", ["Api-Tenant", "api-segment"])
def test_a_tenant_is_warned_of_or_refused(start_app: AppMaker, sqlite_url: str, name: str) -> None:
    sentence = f'Header "{name.title()}" is not read here: all callers have one store'
    lax, strict = (
        start_app(DATABASE_URL=sqlite_url, STRICT_TENANT=value).test_client()
        for value in ("off", "on")
    )
    reported = content_of(
        lax.post("/signature", json=filled(), headers={name: "7"}), 201, [sentence]
    )
    assert reported["signature"]["id"] == 1
    for method, path in (("POST", "/signature"), ("GET", "/signatures"), ("DELETE", "/signature")):
        body: dict[str, Any] = filled(document="second")
        response = strict.open(path, method=method, json=body, headers={name: "7"})
        assert message_of(response) == sentence
    assert len(content_of(strict.get("/signatures"))["signatures"]) == 1


def test_every_route_reads_or_reports_what_is_sent(start_app: AppMaker, sqlite_url: str) -> None:
    lax, strict = (
        start_app(DATABASE_URL=sqlite_url, STRICT_TENANT=value) for value in ("off", "on")
    )
    sentence = 'Header "Api-Tenant" is not read here: all callers have one store'
    for rule, method, address in routes(lax):
        if method == "HEAD" or rule in PUBLIC | CLOSED | {"/metrics"}:
            continue
        how: dict[str, Any] = {"method": method, "headers": {"Api-Tenant": "7"}}
        if rule == "/signature/batch":
            how.update(data="{}", content_type="application/x-ndjson")
        refused = strict.test_client().open(address, **how)
        assert sentence in str(refused.get_json()), (method, rule)
        assert refused.status_code == 400
        reported = lax.test_client().open(f"{address}?misspelt=1", **how)
        told = f"{reported.headers.get(HEADER)}{reported.get_data(as_text=True)}"
        assert all(name in told for name in ("misspelt", "Api-Tenant")), (method, rule)


def test_other_families_report_it_in_a_header(sqlite_client: FlaskClient) -> None:
    package = {
        "name": "Договор",
        "type": "concurrent",
        "documents": [{"externalId": "doc", "sha265": "0"}],
        "signers": [{"iin": "900101300017"}],
        "expires": "2030-01-01",
    }
    response = sqlite_client.post("/packages/add", json=package)
    assert response.status_code == 200
    assert response.headers[HEADER] == "expires, documents[0].sha265"
    response = sqlite_client.get("/v1/persons/IDCKZ-900101300017/signings?sort=asc")
    assert response.headers[HEADER] == "sort"


def test_a_key_is_reported_where_a_request_would_be_done_again(sqlite_client: FlaskClient) -> None:
    key = {"Idempotency-Key": "k"}
    sentence = 'Header "Idempotency-Key" is not read here: what is sent again is done again'
    content_of(sqlite_client.post("/signature", json=filled(), headers=key), 201)
    thread = {"document": "doc", "thread": "main"}
    response = sqlite_client.post("/signature/link", json={**thread, "version": 1}, headers=key)
    content_of(response, 201, [sentence])
    package = {
        "name": "Договор",
        "type": "concurrent",
        "documents": [{"externalId": "doc"}],
        "signers": [{"iin": "900101300017"}],
    }
    response = sqlite_client.post("/packages/add", json=package, headers=key)
    assert response.headers[HEADER] == "Idempotency-Key"
    response = sqlite_client.post("/ncanode3/cms/verify", json={"cms": good_cms()}, headers=key)
    assert response.headers[HEADER] == "Idempotency-Key"
    # What only reads may be sent as often as one likes.
    assert HEADER not in sqlite_client.get("/signature", query_string=thread, headers=key).headers
    response = sqlite_client.delete("/signature", json=thread, headers={**key, "Api-Tenant": "7"})
    assert response.data == b'{"status":true}'
    assert response.headers[HEADER] == "Api-Tenant, Idempotency-Key"


ALL_BUT_THE_LAST = '"{}" parameter was given several times: the last one counts'


def told_twice(*names: str) -> list[str]:
    """Return the warnings about parameters that were given several times."""
    return [ALL_BUT_THE_LAST.format(name) for name in names]


@pytest.mark.parametrize("where", ["query", "form", "multipart", "json"])
def test_what_is_said_twice_and_differently_is_reported(
    sqlite_client: FlaskClient, where: str
) -> None:
    encoded = "document=lost&thread=main&document=doc&tags=a&tags=b"
    how: dict[str, Any] = {}
    if where == "form":
        how = {"data": encoded, "content_type": "application/x-www-form-urlencoded"}
    elif where == "json":
        body = '{"document": "lost", "thread": "main", "document": "doc", "tags": ["a", "b"]}'
        how = {"data": body}
    elif where == "multipart":
        parts = [("document", "lost"), ("thread", "main"), ("document", "doc")]
        parts += [("tags", "a"), ("tags", "b")]
        how = {"data": MultiDict(parts), "content_type": "multipart/form-data"}
    query = encoded if where == "query" else ""
    response = sqlite_client.post(f"/signature?{query}&cms={quote(good_cms())}", **how)
    saved = content_of(response, 201, told_twice("document"))["signature"]
    assert (saved["document"], saved["tags"]) == ("doc", ["a", "b"])
    assert HEADER not in response.headers


@pytest.mark.parametrize(
    "query", ["document=doc&document=doc&thread=main", "document=doc&thread=main&chain=main"]
)
def test_what_is_said_twice_alike_is_not_reported(sqlite_client: FlaskClient, query: str) -> None:
    save(sqlite_client)
    content_of(sqlite_client.get(f"/signature?{query}"))


def test_a_name_that_is_not_read_is_reported_as_it_was_sent(sqlite_client: FlaskClient) -> None:
    save(sqlite_client)
    reported = [f'"{name}" parameter is not read here' for name in ("tag", "signature")]
    query = "document=doc&chain=main&tag=a&signature=x"
    content_of(sqlite_client.get(f"/signature?{query}"), warnings=reported)


def test_an_older_name_beside_the_name_is_reported_where_it_says_something_else(
    sqlite_client: FlaskClient,
) -> None:
    save(sqlite_client)
    reported = ['"chain" parameter is not read here']
    query = "document=doc&thread=main&chain=other"
    content_of(sqlite_client.get(f"/signature?{query}"), warnings=reported)


def test_json_says_also_of_lists_and_of_what_stands_inside_that_it_was_there_before(
    anchored: FlaskClient,
) -> None:
    save(anchored)
    body = '{"tags": ["a"], "document": "doc", "tags": []}'
    response = anchored.get("/signatures", data=body)
    content_of(response, warnings=told_twice("tags"))
    number = people.IIN
    body = (
        f'{{"cms": "{people.cms(people.ivan())}", '
        f'"constraints": [{{"iin": "{people.CHIEF_IIN}", "iin": "{number}"}}]}}'
    )
    reported = told_twice("constraints[0].iin")
    content_of(anchored.post("/cms/validate", data=body), warnings=reported)


def test_a_name_that_is_not_read_is_reported_once(sqlite_client: FlaskClient) -> None:
    reported = ['"foo" parameter is not read here']
    content_of(sqlite_client.get("/signatures?foo=1&foo=2"), warnings=reported)


def test_what_is_said_twice_is_reported_in_the_header_where_there_is_no_room(
    sqlite_client: FlaskClient,
) -> None:
    save(sqlite_client)
    response = sqlite_client.get("/signature?document=no&document=doc&thread=no")
    assert response.status_code == 404
    assert response.headers[HEADER] == "document"
    response = sqlite_client.delete("/signature?document=no&document=doc&thread=main&x=1&x=2")
    assert response.data == b'{"status":true}'
    assert response.headers[HEADER] == "x, document"
    package = (
        '{"name": "a", "name": "b", "type": "concurrent", "documents": [{"externalId": "a", '
        '"externalId": "doc"}], "signers": [{"iin": "900101300017"}]}'
    )
    response = sqlite_client.post("/packages/add", data=package)
    assert response.status_code == 200, response.text
    assert response.headers[HEADER] == "name, documents[0].externalId"
