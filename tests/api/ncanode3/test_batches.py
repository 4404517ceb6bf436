"""Many items in one request: a result for each, in order, as of a request for one."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import socketpair
from threading import Event, Thread
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.ncanode3 import batches
from app.api.ncanode3.batch_schemas import BATCHES, MAX_ITEMS
from app.api.ncanode3.verifications import FUNCTIONS
from app.api.openapi.document import Json
from app.rate_limit import computing
from app.services import shared_work
from app.services.shared_work import SharedWork, Spread
from app.trust.turns import Busy
from tests.api.ncanode3.asking import BASE, SPRING, ask, base64, refusal
from tests.api.people import chief, cms, ivan
from tests.conftest import AppMaker
from tests.described import errors_of
from tests.pdf.writing import Draft

CERTIFICATE = base64(ivan().certificate)
XML, PDF = "<a/>", base64(Draft().data)
VALUE = {"certificate": CERTIFICATE, "signature": base64(b"x"), "data": "x"}
#: For each path, the list of a request with many, and the request for each of them.
CASES: dict[str, tuple[str, list[Any], list[dict[str, Any]]]] = {
    "/cms/verify": (
        "items",
        [{"cms": cms(ivan(), stamped=True)}, {"cms": "no"}, {"cms": cms(chief())}, {}],
        [{"cms": cms(ivan(), stamped=True)}, {"cms": "no"}, {"cms": cms(chief())}, {}],
    ),
    "/cms/extract": ("cms", [cms(ivan()), ""], [{"cms": cms(ivan())}, {"cms": ""}]),
    "/xml/verify": ("xmls", [XML, "<", None], [{"xml": XML}, {"xml": "<"}, {}]),
    "/wsse/verify": ("xmls", [XML, "<"], [{"xml": XML}, {"xml": "<"}]),
    "/pdf/verify": ("pdfs", [PDF, "x", ""], [{"pdf": PDF}, {"pdf": "x"}, {"pdf": ""}]),
    "/x509/info": ("certs", [CERTIFICATE, "x"], [{"certs": [CERTIFICATE]}, {"certs": ["x"]}]),
    "/x509/verify": ("items", [VALUE, {}, 7], [VALUE, {}, {}]),
}


def ask_many(client: FlaskClient, path: str, **body: Any) -> list[dict[str, Any]]:
    """Ask about many items, and return the results."""
    response = client.post(f"{BASE}{path}/batch", json=body)
    assert response.status_code == 200, response.text
    answer = response.get_json()
    response.close()
    assert list(answer) == ["status", "message", "results"]
    assert (answer["status"], answer["message"]) == (200, "OK")
    results: list[dict[str, Any]] = answer["results"]
    return results


def without_times(value: Any) -> Any:
    """Return an answer without the times at which it was judged."""
    if isinstance(value, dict):
        return {name: without_times(one) for name, one in value.items() if name != "decisiveTime"}
    return [without_times(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", FUNCTIONS)
def test_each_result_is_what_a_request_for_one_is_answered(
    anchored: FlaskClient, document: Json, path: str
) -> None:
    name, many, ones = CASES[path]
    results = ask_many(anchored, path, **{name: many}, revocationCheck=["CRL"])
    for result, one in zip(results, ones, strict=True):
        single = anchored.post(BASE + path, json={**one, "revocationCheck": ["CRL"]})
        answer = single.get_json()
        assert result["status"] == single.status_code
        if single.status_code == 200:
            assert without_times(result) == without_times(answer)
        else:
            assert result == {"status": single.status_code, "message": answer["message"]}
    shape = document["paths"][f"{BASE}{path}/batch"]["post"]["responses"]["200"]["content"]
    answer = {"status": 200, "message": "OK", "results": results}
    assert errors_of(document, shape["application/json"]["schema"], answer) == []


@pytest.mark.parametrize("path", FUNCTIONS)
def test_a_batch_without_its_list_is_refused_as_a_whole(anchored: FlaskClient, path: str) -> None:
    [name] = BATCHES[path].REQUIRED
    response = anchored.post(f"{BASE}{path}/batch", json={})
    assert (response.status_code, list(response.get_json())) == (400, SPRING)
    response = anchored.post(f"{BASE}{path}/batch", json={name: []})
    answer = response.get_json()
    assert (response.status_code, list(answer)) == (400, SPRING)
    assert answer["message"] == f'"{name}" parameter must have at least one item'
    for given, message in (
        ("x", f'"{name}" parameter must be a list'),
        ([""] * (MAX_ITEMS + 1), f'"{name}" parameter must have at most 1000 items'),
    ):
        assert refusal(anchored, f"{path}/batch", 400, **{name: given}) == message


def test_an_unknown_source_of_revocation_is_refused_as_a_whole(anchored: FlaskClient) -> None:
    message = refusal(anchored, "/cms/verify/batch", items=[{}], revocationCheck=["x"])
    assert message == '"revocationCheck" parameter must be one of OCSP, CRL'


def test_what_an_item_says_of_revocation_counts_before_what_all_share(
    anchored: FlaskClient,
) -> None:
    one = {"cms": cms(ivan())}
    results = ask_many(
        anchored, "/cms/verify", items=[one, {**one, "revocationCheck": []}], revocationCheck="CRL"
    )
    assert [result["valid"] for result in results] == [False, True]


def test_results_are_in_the_language_of_the_caller(anchored: FlaskClient) -> None:
    response = anchored.post(
        f"{BASE}/xml/verify/batch", json={"xmls": [XML]}, headers={"api-locale": "ru"}
    )
    assert response.headers["Content-Language"] == "ru"
    assert "подпис" in response.get_json()["results"][0]["message"]


def test_a_failure_of_ours_is_one_item_s(
    anchored: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = itertools.count()

    def fail(*_arguments: Any) -> Any:
        if next(calls) == 0:
            raise RuntimeError
        return {"status": 200}

    monkeypatch.setitem(FUNCTIONS, "/cms/verify", fail)
    results = ask_many(anchored, "/cms/verify", items=[{}, {}])
    assert results == [{"status": 500, "message": "Internal error"}, {"status": 200}]


def test_what_is_computed_for_items_counts_against_the_caller_between_them(
    start_app: AppMaker, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10**12, 300_000_000))
    monkeypatch.setattr(computing, "cpu_time_ns", lambda: next(clock))
    app = start_app(DATABASE_URL=sqlite_url, ALLOW_OPEN="1", CPU_LIMIT="1/hour")
    results = ask_many(app.test_client(), "/xml/verify", xmls=[XML] * 6)
    assert [one["status"] for one in results] == [200, 200, 200, 429, 429, 429]


def test_after_some_time_the_rest_is_refused(
    anchored: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MAX_SECONDS", -1.0)
    assert [one["status"] for one in ask_many(anchored, "/xml/verify", xmls=[XML] * 2)] == [503] * 2


@pytest.fixture(name="helped")
def app_with_a_helper(
    start_own_app: AppMaker, sqlite_url: str, trust_folder: Path
) -> Iterator[Flask]:
    """Provide an application whose items another one does, too, as another worker would."""
    app, other = (
        start_own_app(DATABASE_URL=sqlite_url, TRUST_DIR=str(trust_folder)) for _ in range(2)
    )
    shared: SharedWork = app.extensions["shared work"]
    shared.open(2)
    helper = SharedWork()
    helper.make = other.extensions["shared work"].make
    helper._boxes = shared._boxes
    helper.start(1)
    yield app
    helper.stop()
    shared.stop()


def test_what_is_no_unicode_is_refused_by_whoever_reads_it(helped: Flask) -> None:
    body = json.dumps({"items": [{"cms": "\ud800"}] * 40})
    answer = helped.test_client().post(
        f"{BASE}/cms/verify/batch", data=body, content_type="application/json"
    )
    sentence = '"cms" parameter is not valid Unicode'
    assert answer.get_json()["results"] == [{"status": 400, "message": sentence}] * 40


def test_items_are_spread_and_their_results_are_in_order(
    helped: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The one that asks does none before the helper has done some.
    did = Event()
    done_by_helper = []
    do = batches.Performer.do

    def note(self: batches.Performer, item: Any) -> bytes:
        if self.is_guest:
            done_by_helper.append(item)
            did.set()
        else:
            assert did.wait(30)
        return do(self, item)

    monkeypatch.setattr(batches.Performer, "do", note)
    client = helped.test_client()
    items = [{"cms": cms(ivan())}, {"cms": "no"}] * 20
    for _ in range(2):
        results = ask_many(client, "/cms/verify", items=items)
        assert [one["status"] for one in results] == [200, 400] * 20
    assert done_by_helper


def test_what_a_helper_has_no_turn_for_is_done_by_the_one_that_asks(
    helped: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    did = Event()
    do = batches.Performer.do

    def note(self: batches.Performer, item: Any) -> bytes:
        if self.is_guest:
            did.set()
            raise Busy
        assert did.wait(30)
        return do(self, item)

    monkeypatch.setattr(batches.Performer, "do", note)
    results = ask_many(helped.test_client(), "/xml/verify", xmls=[XML] * 10)
    assert [one["status"] for one in results] == [200] * 10


def test_a_client_that_goes_away_ends_the_help(helped: Flask) -> None:
    response = helped.test_client().post(
        f"{BASE}/xml/verify/batch", json={"xmls": [XML] * 50}, buffered=False
    )
    next(iter(response.response))
    next(iter(response.response))
    response.close()
    assert len(ask_many(helped.test_client(), "/xml/verify", xmls=[XML] * 10)) == 10


def test_one_verification_is_asked_with_the_same_answer_as_one_of_many(
    helped: Flask,
) -> None:
    client = helped.test_client()
    [first, *_] = ask_many(client, "/cms/verify", items=[{"cms": cms(ivan())}] * 5)
    assert without_times(first) == without_times(ask(client, "/cms/verify", cms=cms(ivan())))


def test_a_busy_turn_is_said_by_the_one_that_asks_and_left_by_a_helper(helped: Flask) -> None:
    statuses = helped.extensions["statuses"]
    shared: SharedWork = helped.extensions["shared work"]
    assert shared.make is not None
    do = shared.make(["/xml/verify", "en", None])
    trust = helped.extensions["trust"]
    trust.turns.patience = 0.0
    entered, end = Event(), Event()

    def hold() -> None:
        with trust.turns.take():
            entered.set()
            end.wait(30)

    thread = Thread(target=hold)
    thread.start()
    assert entered.wait(30)
    try:
        assert do([{"xml": XML}]) == b""
        performer = batches.Performer("/xml/verify", do.__self__.verifications, statuses)  # type: ignore[attr-defined]
        assert orjson.loads(performer.do({"xml": XML}))["status"] == 503
        assert orjson.loads(performer.refuse(Busy()))["message"] == Busy.template.format(seconds=5)
    finally:
        end.set()
        thread.join()


def test_a_helper_that_could_not_begin_helps_with_the_next_request() -> None:
    """For instance, the anchors could not be read; the worker helped nobody afterwards."""
    asking, helping = SharedWork(), SharedWork()
    asking.open(2)
    helping._boxes = asking._boxes
    asked = []

    def make(terms: Any) -> Any:
        asked.append(terms)
        if len(asked) == 1:
            raise LookupError
        return lambda _item: b"done"

    helping.make = make
    helping.start(1)
    try:
        for expected in (b"", b"+"):
            [connection] = asking.invite(["a request"])
            with connection:
                connection.settimeout(30)
                assert connection.recv(1) == expected
    finally:
        helping.stop()
        asking.stop()
    assert asked == [["a request"]] * 2


def test_little_is_begun_while_large_results_wait() -> None:
    """One of 29 KB may be answered with 5 MB: 160 MB waited for an item that took long."""
    ours, theirs = socketpair()
    spread = Spread(range(6), [ours])
    began = Event()

    def help_on() -> None:
        assert began.wait(30)
        theirs.sendall(b"+")
        with suppress(EOFError):
            while True:
                shared_work._receive(theirs)
                shared_work._send(theirs, bytes(shared_work.MAX_WAITING))

    def do(item: int) -> bytes:
        if item == 0:
            began.set()
            with spread._changed:
                assert spread._changed.wait_for(lambda: spread._done, 30)
                assert spread._take() is None
        return b"own"

    helper = Thread(target=help_on)
    helper.start()
    with theirs:
        sizes = [len(one) for one in spread.results(do)]
        helper.join()
    assert len(sizes) == 6
    assert sizes[:2] == [3, shared_work.MAX_WAITING]
    assert spread._waiting == 0
