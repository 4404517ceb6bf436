"""What is counted in one process. All applications of the tests count together."""

import base64
import re
from typing import NoReturn

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.extensions import db
from app.observability.metrics import BUCKETS
from app.store.database.engine import OVERFLOW
from tests import pki
from tests.api.asking import get, message_of, refuse, save
from tests.conftest import AppMaker
from tests.observability.reading import counted, metrics, samples
from tests.store.signings import IVANOV, PETROVA, signed_by

REQUEST = "tanbahana_http_requests_total{{method={},route={},status={}}}".format
DURATION = "tanbahana_http_request_duration_seconds_{}".format


def test_a_request_is_counted_by_the_rule_of_its_route(client: FlaskClient) -> None:
    save(client)
    with counted(client) as grown:
        get(client)
        get(client)
        client.get("/signature?document=other&thread=main")
    assert grown[REQUEST("GET", "/signature", 200)] == 2
    assert grown[REQUEST("GET", "/signature", 404)] == 1
    assert grown[DURATION("count{method=GET,route=/signature}")] == 3
    assert grown[DURATION("bucket{le=+Inf,method=GET,route=/signature}")] == 3
    assert 0 < grown[DURATION("sum{method=GET,route=/signature}")] < 10


def test_no_label_has_a_value_that_a_client_chose(client: FlaskClient) -> None:
    with counted(client) as grown:
        client.get("/nowhere/900101300017?iin=900101300017")
        client.post("/nothing/900101300017")
        client.open("/signature", method="M900101300017")
        client.open("/signature", method="PURGE")
    assert grown[REQUEST("GET", "unmatched", 404)] == 1
    assert grown[REQUEST("POST", "unmatched", 404)] == 1
    assert grown[REQUEST("other", "unmatched", 405)] == 2
    reported = client.get("/metrics").text
    assert "900101300017" not in reported
    assert "PURGE" not in reported
    assert not re.search(r"[0-9]{12}", re.sub(r"[0-9.]+(e-?[0-9]+)?$", "", reported, flags=re.M))


def test_the_buckets_go_from_half_a_millisecond_to_ten_seconds(client: FlaskClient) -> None:
    get_bucket = re.compile(r"_bucket\{le=([^,]+),method=GET,route=/health/live\}")
    client.get("/health/live")
    ends = [match[1] for name in metrics(client) if (match := get_bucket.search(name))]
    assert (ends[0], ends[-2], ends[-1]) == ("0.0005", "10.0", "+Inf")
    assert len(ends) == len(BUCKETS) + 1


def test_saves_are_counted_by_form_and_place(make_app: AppMaker) -> None:
    client = make_app(CMS_VALIDATION="off").test_client()
    with counted(client) as grown:
        save(client)
        save(client, version=1)
        save(client, document="xml", cms=pki.sign_xml())
        save(client, document="text", cms="no signature at all")
        refuse(client, tags="bad" * 1000)
    saves = {name: number for name, number in grown.items() if "saves_total" in name}
    assert saves == {
        "tanbahana_saves_total{format=cms,kind=first}": 1,
        "tanbahana_saves_total{format=cms,kind=next}": 1,
        "tanbahana_saves_total{format=xml,kind=first}": 1,
        "tanbahana_saves_total{format=text,kind=first}": 1,
    }


def test_refusals_are_counted_by_reason_and_conflicts_apart(client: FlaskClient) -> None:
    save(client)
    with counted(client) as grown:
        refuse(client)
        refuse(client, version=7)
        refuse(client, cms="nonsense!")
        message_of(client.get("/signature"), 400)
        message_of(client.get("/signature?document=none&thread=main"), 404)
        message_of(client.get("/nowhere"), 404)
    refusals = {name: number for name, number in grown.items() if "refusals" in name}
    assert refusals == {
        "tanbahana_refusals_total{reason=VersionNotSet}": 1,
        "tanbahana_refusals_total{reason=VersionConflict}": 1,
        "tanbahana_refusals_total{reason=MalformedSignature}": 1,
        "tanbahana_refusals_total{reason=ParameterError}": 1,
        "tanbahana_refusals_total{reason=SignatureNotFound}": 1,
        "tanbahana_refusals_total{reason=NotFound}": 1,
    }
    assert grown["tanbahana_version_conflicts_total"] == 1


def test_a_lost_database_and_a_fault_of_ours_are_reasons(own_app: Flask) -> None:
    app, client = own_app, own_app.test_client()

    def fail() -> NoReturn:
        raise ZeroDivisionError

    app.add_url_rule("/fail", view_func=fail)
    with counted(client) as grown:
        message_of(client.get("/fail"), 500)
        with app.app_context(), db.engine.connect() as connection:
            connection.execute(text("ALTER TABLE versions RENAME TO moved"))
        try:
            message_of(client.get("/signature?document=doc&thread=main"), 503)
        finally:
            with app.app_context(), db.engine.connect() as connection:
                connection.execute(text("ALTER TABLE moved RENAME TO versions"))
    assert grown["tanbahana_refusals_total{reason=Unexpected}"] == 1
    assert grown["tanbahana_refusals_total{reason=DatabaseAway}"] == 1
    assert grown[REQUEST("GET", "/fail", 500)] == 1


@pytest.mark.parametrize(("guard", "saved"), [("warn", 2), ("refuse", 1), ("off", 2)])
def test_lost_cosigners_are_counted_with_what_became_of_the_save(
    make_app: AppMaker, guard: str, saved: int
) -> None:
    client = make_app(COSIGN_GUARD=guard).test_client()
    with counted(client) as grown:
        save(client, cms=signed_by(IVANOV, PETROVA))
        less = {"cms": signed_by(IVANOV, content=b"other"), "version": 1}
        client.post("/signature", json={"document": "doc", "thread": "main", **less})
    losses = {name: number for name, number in grown.items() if "losses" in name}
    expected = {
        f"tanbahana_cosign_losses_total{{guard={guard},loss=CosignersLost}}": 1,
        f"tanbahana_cosign_losses_total{{guard={guard},loss=ContentChanged}}": 1,
    }
    assert losses == ({} if guard == "off" else expected)
    assert sum(number for name, number in grown.items() if "saves_total" in name) == saved


def test_every_verification_is_counted_by_question_and_answer(client: FlaskClient) -> None:
    altered = base64.b64decode(signed_by(IVANOV)).replace(b"content", b"CONTENT", 1)
    save(client, cms=signed_by(IVANOV, PETROVA))
    save(client, document="altered", cms=base64.b64encode(altered).decode())
    with counted(client) as grown:
        for document in ("doc", "altered"):
            client.get(f"/signature/verify?document={document}&thread=main")
        client.post("/cms/validate", json={"cms": signed_by(IVANOV), "iin": "900101300017"})
    answers = {
        name.removeprefix("tanbahana_verification_answers_total"): number
        for name, number in grown.items()
        if "verification" in name
    }
    assert answers == {
        "{answer=yes,question=intact}": 3,
        "{answer=no,question=intact}": 1,
        "{answer=yes,question=valid}": 4,
        "{answer=unknown,question=trusted}": 4,
    }


def test_the_connections_in_use_are_those_of_requests_at_work(app: Flask) -> None:
    client = app.test_client()
    client.get("/health/ready")
    before = metrics(client)
    with app.app_context(), db.engine.connect(), db.engine.connect():
        during = metrics(client)
    after = metrics(client)
    in_use = "tanbahana_database_connections_in_use"
    assert during[in_use] == before[in_use] + 2
    assert after[in_use] == before[in_use]
    assert after["tanbahana_database_connections_open"] >= 2
    assert after["tanbahana_database_connections_max"] == 4 + OVERFLOW
    with app.app_context():
        db.engine.dispose()
    opened = "tanbahana_database_connections_open"
    assert metrics(client)[opened] == after[opened] - 2


def test_a_connection_that_broke_in_use_is_not_counted_for_good(app: Flask) -> None:
    client = app.test_client()
    before = metrics(client)
    with app.app_context(), db.engine.connect() as connection:
        connection.invalidate()
        connection.execute(text("SELECT 1"))
    for name in ("in_use", "open"):
        key = f"tanbahana_database_connections_{name}"
        assert metrics(client)[key] - before[key] == (0 if name == "in_use" else 1)


def test_the_answer_is_prometheus_text_and_names_the_version(client: FlaskClient) -> None:
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert samples(answer.text)["tanbahana_build_info{version=1.0.0}"] == 1
    accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
    answer = client.get("/metrics", headers=accept)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


@pytest.mark.parametrize("kind", ["text/plain", "application/openmetrics-text"])
@pytest.mark.parametrize("version", ["x", "x.1", "", "1.x", '"1"', "1;version=x"])
def test_a_version_that_is_none_gets_some_text(
    client: FlaskClient, kind: str, version: str
) -> None:
    answer = client.get("/metrics", headers={"Accept": f"{kind}; version={version}; escaping=x"})
    assert answer.status_code == 200
    assert "tanbahana_build_info" in answer.text


def test_without_metrics_there_is_no_such_address(make_app: AppMaker) -> None:
    client = make_app(METRICS="off").test_client()
    response = client.get("/metrics")
    message_of(response, 404)
    assert response.headers["X-Request-ID"]
