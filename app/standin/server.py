"""The stand-in as a server: TLS and WebSocket on loopback, one answer a request, in order."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.standin.answers import BASICS, UNKNOWN_MODULE, Mode, Wishes, answer
from app.standin.identity import Identity
from app.standin.tls import HOST, Endpoint

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import Server, ServerConnection

HEARTBEAT = "--heartbeat--"
#: Bytes of one request: NCALayer signs files of this size in base64.
MAX_REQUEST = 64 * 1024 * 1024
BASICS_SINCE = (1, 3)
_NOT_JSON = {"success": False, "code": "COMMON_JSON_WRAPPING_EXCEPTION"}
_PAGE = b"A stand-in for NCALayer. This browser accepts its certificate now.\n"


@dataclass(slots=True)
class Behaviour(Wishes):
    """What the stand-in does; may be changed while it serves."""

    #: The version that it tells. Before 1.3 it has no `kz.gov.pki.knca.basics`.
    version: str = "1.4"
    #: Seconds until it tells its version with Mode.LATE.
    delay: float = 2.0


@dataclass(slots=True)
class StandIn:
    """Answers pages as NCALayer does; another one may sign while it serves."""

    identity: Identity
    endpoint: Endpoint
    behaviour: Behaviour = field(default_factory=Behaviour)
    #: The requests so far, without what is to be signed.
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def open(self, port: int = 0) -> Server:
        """Listen on loopback; port 0 takes a free one. Raises OSError."""
        # Servers know all commands, and need not have this in memory: 5 MB.
        from websockets.sync.server import serve  # noqa: PLC0415

        return serve(
            self._converse,
            HOST,
            port,
            ssl=self.endpoint.context,
            process_request=_show_page,
            max_size=MAX_REQUEST,
            server_header=None,
        )

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Serve in a thread, on a free port, which is what is yielded."""
        with self.open() as server:
            thread = threading.Thread(target=server.serve_forever, name="ncalayer", daemon=True)
            thread.start()
            try:
                yield server.socket.getsockname()[1]
            finally:
                server.shutdown()
                thread.join()

    def _converse(self, connection: ServerConnection) -> None:
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415  # as above

        behaviour = self.behaviour
        if behaviour.mode is Mode.LATE:
            time.sleep(behaviour.delay)
        try:
            connection.send(json.dumps({"result": {"version": behaviour.version}}))
            for message in connection:
                reply = self._reply(str(message))
                if self.behaviour.mode is Mode.CLOSED and message != HEARTBEAT:
                    return
                if reply is not None:
                    connection.send(reply)
        except ConnectionClosed:
            pass  # The page went away.

    def _reply(self, message: str) -> str | None:
        """Return the answer to a message; None if there is none in this mode."""
        if message == HEARTBEAT:
            return HEARTBEAT
        try:
            request = json.loads(message)
        except ValueError:
            return json.dumps(_NOT_JSON)
        if not isinstance(request, dict):
            return json.dumps(_NOT_JSON)
        self.asked.append(_without_data(request))
        behaviour = self.behaviour
        if behaviour.mode is Mode.SILENCE:
            return None
        if request.get("module") == BASICS and _is_before(behaviour.version, BASICS_SINCE):
            found = UNKNOWN_MODULE
        else:
            found = answer(request, self.identity, behaviour)
        if "uuid" in request:
            found = {**found, "uuid": request["uuid"]}
        return json.dumps(found)


def _is_before(version: str, other: tuple[int, ...]) -> bool:
    numbers = tuple(int(one) for one in version.split(".") if one.isdecimal())
    return numbers < other


def _without_data(request: Mapping[str, Any]) -> Mapping[str, Any]:
    args = request.get("args")
    if not isinstance(args, dict):
        return {**request, "args": None}
    return {**request, "args": {name: one for name, one in args.items() if name != "data"}}


def _show_page(_connection: ServerConnection, request: Request) -> Response | None:
    """Answer a browser that opens the address to accept the certificate."""
    from websockets.datastructures import Headers  # noqa: PLC0415  # as above
    from websockets.http11 import Response  # noqa: PLC0415

    if request.headers.get("Upgrade"):
        return None
    headers = Headers({"Content-Type": "text/plain", "Content-Length": str(len(_PAGE))})
    return Response(200, "OK", headers, _PAGE)
