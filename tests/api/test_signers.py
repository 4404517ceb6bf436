"""Who signed: `with=signers`, the filters by person, file and time, and `diff=1`."""

import hashlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.asking import content_of, documents, get, message_of, refuse, rows, save
from tests.conftest import AppMaker
from tests.store.signings import IVANOV, PETROVA, SYDYKOV, signed_by


def claimed(signers: list[dict[str, Any]]) -> list[str]:
    return [signer["claimed"]["name"] for signer in signers]


def versions(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    asked = f"/signature/versions?document=doc&thread=main&{query}"
    found: list[dict[str, Any]] = content_of(client.get(asked))["versions"]
    return found


def test_signers_come_only_where_they_are_requested(client: FlaskClient) -> None:
    save(client, cms=signed_by(IVANOV))
    assert "signers" not in get(client)
    assert "signers" not in rows(client)[0]
    assert "signers" not in versions(client, "")[0]
    asked = "document=doc&thread=main&with=signers"
    one = content_of(client.get(f"/signature?{asked}"))["signature"]
    assert one["signers"] == rows(client, "with=signers")[0]["signers"]
    assert one["signers"] == rows(client, "with=signers&limit=1&without=cms")[0]["signers"]
    assert one["signers"] == versions(client, "with=signers")[0]["signers"]


def test_a_signer_is_written_with_what_is_claimed(client: FlaskClient) -> None:
    save(client, cms=signed_by(PETROVA))
    (signer,) = rows(client, "with=signers")[0]["signers"]
    assert signer["number"] == 1
    expected = {
        "iin": "910202400025",
        "bin": "050140001234",
        "name": "ПЕТРОВА АННА",
        "surname": "ПЕТРОВА",
        "given_name": "АННА",
        "organisation": 'ТОО "ПРИМЕР"',
        "roles": ["INDIVIDUAL"],
        "signing_time": "2025-06-01T12:00:00Z",
        "timestamp": None,
    }
    assert expected.items() <= signer["claimed"].items()
    assert signer["certificate"]["issuer"] == "ТЕСТОВЫЙ УЦ (RSA)"
    assert signer["certificate"]["key_algorithm"] == {"oid": "1.2.840.113549.1.1.1", "name": "RSA"}
    assert signer["digest_algorithm"] == {"oid": "2.16.840.1.101.3.4.2.1", "name": "SHA-256"}
    assert signer["message_digest"] == hashlib.sha256(b"content").hexdigest()
    assert "verified" not in signer


def test_what_is_no_signature_has_no_signers(open_client: FlaskClient) -> None:
    save(open_client, cms="anything")
    assert rows(open_client, "with=signers")[0]["signers"] == []
    digest = hashlib.sha256(b"anything").hexdigest()
    assert documents(open_client, f"sha256={digest}") == ["doc"]


@pytest.fixture(name="signed")
def fill(client: FlaskClient) -> FlaskClient:
    """Save two threads, one of which two people signed."""
    save(client, document="one", cms=signed_by(IVANOV, content=b"one"), tags=["a"])
    save(client, document="two", cms=signed_by(IVANOV, PETROVA, content=b"two"))
    return client


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("iin=900101300017", ["two", "one"]),
        ("iin=910202400025", ["two"]),
        ("iin=", ["two", "one"]),
        ("bin=050140001234", ["two"]),
        ("signer=иванов", ["two", "one"]),
        ("signer=ПЕТРОВА%20А", ["two"]),
        ("signer=петр%25", []),
        (f"sha256={hashlib.sha256(b'one').hexdigest()}", ["one"]),
        (f"sha256={hashlib.sha256(b'ONE').hexdigest()}", []),
        ("signed_from=2025-06-01&signed_to=2025-06-01", ["two", "one"]),
        ("signed_from=20250601&signed_to=2025W227", ["two", "one"]),
        ("signed_from=2025-06-02", []),
        ("signed_to=2025-05-31", []),
        ("signed_from=2025-06-01%2012:00:00&signed_to=2025-06-01T12:00:00Z", ["two", "one"]),
        ("signed_from=2025-06-01T17:00:01%2B05:00", []),
        ("signed_from=2025-06-02&signed_to=2025-06-01", []),
        ("signed_from=0001-01-01&signed_to=9999-12-31", ["two", "one"]),
        ("iin=900101300017&tags=a", ["one"]),
        ("iin=900101300017&document=two&signed_to=2030-01-01", ["two"]),
    ],
)
def test_threads_are_found_by_who_signed_what_and_when(
    signed: FlaskClient, query: str, found: list[str]
) -> None:
    assert documents(signed, query) == found
    content = content_of(signed.get(f"/signatures?{query}&count=1&limit=1"))
    assert content["nb_results"] == len(found)
    assert len(content["signatures"]) == min(len(found), 1)


@pytest.mark.parametrize("name", ["iin", "bin", "sha256", "signed_from", "signed_to"])
@pytest.mark.parametrize("value", ["12", "x" * 64, "2026-13-01", "09" * 33])
def test_a_filter_of_the_wrong_form_is_refused_by_name(
    client: FlaskClient, name: str, value: str
) -> None:
    assert f'"{name}"' in message_of(client.get(f"/signatures?{name}={value}"))


def test_a_time_without_its_zone_is_one_of_the_settings_zone(make_app: AppMaker) -> None:
    client = make_app(TIMEZONE="Asia/Almaty").test_client()
    save(client, cms=signed_by(IVANOV))
    assert documents(client, "signed_from=2025-06-01%2017:00:00") == ["doc"]
    assert documents(client, "signed_from=2025-06-01%2017:00:01") == []


def test_versions_say_what_became_of_their_signers(client: FlaskClient) -> None:
    save(client, cms=signed_by(IVANOV))
    save(client, version=1, cms=signed_by(IVANOV, PETROVA))
    content_of(client.post("/signature", json={
        "document": "doc", "thread": "main", "version": 2, "cms": signed_by(PETROVA, SYDYKOV),
    }), 201)  # fmt: skip
    found = versions(client, "diff=1&without=cms")
    assert [
        {kind: claimed(signers) for kind, signers in version["diff"].items()} for version in found
    ] == [
        {"added": ["СЫДЫКОВ ЕРЛАН"], "kept": ["ПЕТРОВА АННА"], "lost": ["ИВАНОВ ИВАН"]},
        {"added": ["ПЕТРОВА АННА"], "kept": ["ИВАНОВ ИВАН"], "lost": []},
        {"added": ["ИВАНОВ ИВАН"], "kept": [], "lost": []},
    ]
    assert "signers" not in found[0]
    assert "signers" in versions(client, "diff=1&with=signers")[0]
    assert "diff" not in versions(client, "")[0]


def test_the_filters_are_refused_where_they_are_no_text(client: FlaskClient) -> None:
    assert '"iin"' in message_of(client.get("/signatures", json={"iin": ["1"]}))
    assert '"with"' in message_of(client.get("/signatures?with=people"))
    assert '"data"' in refuse(client, data=["x"])
