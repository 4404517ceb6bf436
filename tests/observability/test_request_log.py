"""The id of a request, and its line in the log."""

import json
import re
from typing import Any, NoReturn

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.api.asking import message_of, save
from tests.conftest import AppMaker

MADE = re.compile(r"[0-9a-f]{32}")
IIN = "900101300017"


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 128, "12345678901", "20261124-1030.abc"])
def test_a_good_id_is_given_back(client: FlaskClient, given: str) -> None:
    for address in ("/health/live", "/nowhere", "/signature"):
        answer = client.get(address, headers={"X-Request-ID": given})
        assert answer.headers.getlist("X-Request-ID") == [given]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x" * 129,
        "a b",
        "a\tb",
        'a"b',
        "ä",
        "a/b",
        IIN,
        f"id-{IIN}",
        f"{IIN}1",
        "a,b",
        f"x{IIN[:6]}-{IIN[6:]}",
        f"{IIN[:6]}._{IIN[6:]}x",
        "١" * 12,
    ],
)
def test_any_other_id_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/health/live", headers={"X-Request-ID": given})
    assert MADE.fullmatch(answer.headers["X-Request-ID"])


def test_each_request_without_an_id_gets_one_of_its_own(client: FlaskClient) -> None:
    made = {client.get("/health/live").headers["X-Request-ID"] for _ in range(20)}
    assert len(made) == 20
    assert all(MADE.fullmatch(one) for one in made)


def test_a_streamed_answer_and_every_error_have_it(own_app: Flask) -> None:
    app, client = own_app, own_app.test_client()

    def fail() -> NoReturn:
        raise ZeroDivisionError

    app.add_url_rule("/fail", view_func=fail)
    save(client)
    for method, address, status in (
        ("GET", "/signatures", 200),
        ("GET", "/fail", 500),
        ("PUT", "/signature", 405),
        ("POST", "/signature", 400),
    ):
        answer = client.open(address, method=method, headers={"X-Request-ID": "mine"})
        assert (answer.status_code, answer.headers["X-Request-ID"]) == (status, "mine")


def lines(captured: str) -> list[dict[str, Any]]:
    """Read a log; each line must be an object."""
    return [json.loads(line) for line in captured.splitlines()]


def test_a_request_has_a_line(make_app: AppMaker, capsys: pytest.CaptureFixture[str]) -> None:
    client = make_app(ACCESS_LOG="on", LOG_LEVEL="error").test_client()
    answer = client.get(f"/signature?document={IIN}&thread=main", headers={"X-Request-ID": "mine"})
    message_of(answer, 404)
    (line,) = lines(capsys.readouterr().err)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("time"))
    assert 0 < line.pop("milliseconds") < 10_000
    assert line == {
        "level": "INFO",
        "logger": "app.access",
        "message": "request",
        "request_id": "mine",
        "method": "GET",
        "route": "/signature",
        "status": 404,
        "bytes": len(answer.data),
        "token": None,
        "family": "ncanode",
        "reason": "SignatureNotFound",
    }


def test_a_line_may_have_the_client_s_address(
    make_app: AppMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    client = make_app(ACCESS_LOG="on", ACCESS_LOG_ADDRESS="on", LOG_LEVEL="error").test_client()
    client.get("/signatures", environ_base={"REMOTE_ADDR": "127.0.0.7"})
    (line,) = lines(capsys.readouterr().err)
    assert line["address"] == "127.0.0.7"
    assert "reason" not in line


def test_the_line_names_the_family_and_no_address(
    make_app: AppMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    client = make_app(ACCESS_LOG="on").test_client()
    family = make_app().extensions["families"][1]
    client.get(f"{family.prefixes[0]}nothing/{IIN}")
    client.get(f"/nothing/{IIN}")
    client.get("/health/live")
    client.get("/signatures")
    reported = capsys.readouterr().err
    assert IIN not in reported
    assert [(line["route"], line["family"]) for line in lines(reported)] == [
        ("unmatched", family.name),
        ("unmatched", None),
        ("/health/live", None),
        ("/signatures", "ncanode"),
    ]
    assert lines(reported)[-1]["bytes"] == len(client.get("/signatures").data)


def test_without_access_log_a_request_has_no_line(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/health/live")
    assert capsys.readouterr().err == ""


def test_what_is_logged_in_a_request_has_its_id(
    own_app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    app, client = own_app, own_app.test_client()

    def fail() -> NoReturn:
        raise ValueError(IIN)

    app.add_url_rule("/fail", view_func=fail)
    client.get("/fail", headers={"X-Request-ID": "mine"})
    reported = capsys.readouterr().err
    (line,) = lines(reported)
    assert (line["level"], line["request_id"]) == ("ERROR", "mine")
    assert line["message"].startswith("unexpected ValueError\n")
    assert IIN not in reported.replace(f"raise ValueError({IIN!r})", "")


def test_developers_may_have_text(make_app: AppMaker, capsys: pytest.CaptureFixture[str]) -> None:
    client = make_app(ACCESS_LOG="on", LOG_FORMAT="text").test_client()
    client.get("/health/live", headers={"X-Request-ID": "mine"})
    line = capsys.readouterr().err
    assert re.match(r"\d{4}-.* INFO app\.access: request request_id=mine method=GET route=", line)
    assert "token" not in line
