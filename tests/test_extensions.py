"""What Flask offers to extensions works here as its documents say, Sentry and OpenTelemetry too."""

from __future__ import annotations

from typing import Any

import pytest
import sentry_sdk
from flask import Flask, Response, after_this_request, g, got_request_exception, request
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.transport import Transport

from app.auth import public
from tests.conftest import AppMaker


@pytest.fixture(name="app")
def make_app(start_own_app: AppMaker, sqlite_url: str) -> Flask:
    """Provide an application of the test's own, to which a view is added that fails."""
    app = start_own_app(DATABASE_URL=sqlite_url)
    app.test_client_class = None  # The view that fails is not described.
    app.add_url_rule("/fails", view_func=_fail, methods=["GET", "POST"])
    return app


@public
def _fail() -> Response:
    raise LookupError("a mistake")


def test_each_kind_of_function_around_a_request_is_called(app: Flask) -> None:
    called: list[str] = []

    @app.url_value_preprocessor
    def note_values(endpoint: str | None, _values: dict[str, Any] | None) -> None:
        called.append(f"values of {endpoint}")

    @app.before_request
    def note_before() -> None:
        called.append("before")

        @after_this_request
        def note_once(response: Response) -> Response:
            called.append("after this")
            return response

    @app.after_request
    def mark(response: Response) -> Response:
        called.append("after")
        response.headers["X-Marked"] = request.path
        return response

    @app.teardown_request
    def note_end(error: BaseException | None) -> None:
        called.append(f"end {error}")

    @app.teardown_appcontext
    def note_end_of_all(_error: BaseException | None) -> None:
        called.append("end of all")

    answer = app.test_client().get("/health/live")
    assert answer.status_code == 200
    assert answer.headers["X-Marked"] == "/health/live"
    assert called == [
        "values of operations.live", "before", "after this", "after", "end None", "end of all",
    ]  # fmt: skip


def test_a_function_before_requests_may_answer(app: Flask) -> None:
    app.before_request(lambda: Response("closed", 503))
    answer = app.test_client().get("/health/live")
    assert answer.status_code == 503
    # What is added to each answer is added to this one.
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "X-Request-ID" in answer.headers


def test_a_blueprint_s_own_functions_are_called(app: Flask) -> None:
    seen: list[str | None] = []
    app.before_request_funcs["ncanode"].append(lambda: seen.append(request.endpoint))
    client = app.test_client()
    client.get("/signatures")
    client.get("/health/live")
    assert seen == ["ncanode.search_signatures"]


def test_the_signal_of_an_exception_is_sent(app: Flask) -> None:
    caught: list[Exception] = []

    def note(_sender: Flask, exception: Exception, **_more: object) -> None:
        caught.append(exception)

    with got_request_exception.connected_to(note, app):
        answer = app.test_client().get("/fails")
    assert answer.status_code == 500
    assert answer.get_json()["status"] is False
    assert [str(error) for error in caught] == ["a mistake"]


class _Kept(Transport):
    """Keeps what Sentry would send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope)


def test_sentry_receives_what_failed(app: Flask) -> None:
    kept = _Kept()
    options: dict[str, Any] = {"auto_enabling_integrations": False, "default_integrations": False}
    sentry_sdk.init(
        "http://key@127.0.0.1/1", transport=kept, integrations=[FlaskIntegration()], **options
    )
    try:
        assert app.test_client().get("/fails").status_code == 500
        # Also what has a body, which is read within the limits of the application alone.
        assert app.test_client().post("/fails", data={"a": "b"}).status_code == 500
        assert app.test_client().post("/fails", json={"a": "b"}).status_code == 500
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
    events = [item for item in (envelope.get_event() for envelope in kept.sent) if item]
    assert [event["exception"]["values"][-1]["type"] for event in events] == ["LookupError"] * 3
    assert {event["request"]["url"] for event in events} == {"http://localhost/fails"}


def test_opentelemetry_traces_requests_by_their_routes(app: Flask) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor: Any = FlaskInstrumentor()  # It is not typed.
    instrumentor.instrument_app(app, tracer_provider=provider)
    try:
        assert app.test_client().get("/signature?document=a&thread=b").status_code == 404
    finally:
        instrumentor.uninstrument_app(app)
        provider.shutdown()
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /signature"
    assert span.attributes is not None
    assert span.attributes["http.status_code"] == 404


def test_g_is_each_request_s_own(app: Flask) -> None:
    seen: list[bool] = []

    def note() -> None:
        seen.append("mine" in g)
        g.mine = True

    app.before_request(note)
    client = app.test_client()
    client.get("/health/live")
    client.get("/health/live")
    assert seen == [False, False]
