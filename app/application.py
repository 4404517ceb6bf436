"""Flask, made to do for each request only what is needed here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.globals import request_ctx
from flask.sessions import NullSession, SessionInterface
from flask.typing import ResponseReturnValue
from werkzeug.routing import MapAdapter

#: Asked before a request is answered; whatever it gives is the answer.
Before = Callable[[Request], ResponseReturnValue | None]
#: Adds something to the answer of a request.
After = Callable[[Request, Response], None]


class WithoutSessions(SessionInterface):
    """No cookies: nothing is opened before a request, and nothing saved after it."""

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        """Return a session that takes nothing."""
        return _NO_SESSION

    def is_null_session(self, _session: object) -> bool:
        """Return that there is nothing to save."""
        return True


_NO_SESSION = NullSession()


class Application(Flask):
    """Flask, whose views are all plain functions, found by path and method alone.

    What Flask would look up anew for each request costs a tenth of a read of one signature. What is
    to be done around requests stands in `before` and `after`; functions that are registered in
    Flask's ways (`before_request`, `after_request`, `teardown_request`, `url_value_preprocessor`,
    `after_this_request`) are never called.
    """

    session_interface = WithoutSessions()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: In the order in which a request is asked.
        self.before: list[Before] = []
        #: In the opposite order: who asked first has the last word.
        self.after: list[After] = []

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Save the question, at each of a request's calls, whether a function is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match without the host: no route asks for one, and no answer needs an absolute URL."""
        if request is None:
            return super().create_url_adapter(None)
        return MapAdapter(
            self.url_map, "", request.root_path, "", "http", request.path, request.method
        )

    def preprocess_request(self) -> ResponseReturnValue | None:
        """Ask all that is to be asked, until something is answered."""
        request = request_ctx.request
        for ask in self.before:
            answer = ask(request)
            if answer is not None:
                return answer
        return None

    def process_response(self, response: Response) -> Response:
        """Add to an answer all that is to be added."""
        request = request_ctx.request
        for add in reversed(self.after):
            add(request, response)
        return response

    def do_teardown_request(self, *_exception: object) -> None:
        """Do nothing: nothing is left over."""
