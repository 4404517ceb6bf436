"""Single requests to two servers, one right after the other: what disturbs one disturbs both."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from itertools import chain
from statistics import quantiles
from typing import Any, TypeAlias

from bench.servers import Load, WebServer

#: Clients at once, and requests of each to either server in a block.
CLIENTS, REQUESTS = 2, 1000

#: The milliseconds of each request to one server.
Times: TypeAlias = list[float]


def post_by_turns(
    servers: tuple[WebServer, WebServer], path: str, bodies: Iterator[Any]
) -> Generator[tuple[Load, Load]]:
    """Measure blocks of requests to two servers, without end.

    Each client sends one request to both, the first to either by chance, and waits for each answer.

    Args:
        servers: who are asked.
        path: of the requests.
        bodies: of requests, each of which is sent once.

    Raises:
        RuntimeError: an answer was not a success.
    """
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(CLIENTS))
        clients = [
            [
                stack.enter_context(closing(HTTPConnection("127.0.0.1", server.port)))
                for server in servers
            ]
            for _ in range(CLIENTS)
        ]
        while True:
            taken = [[next(bodies) for _ in range(2 * REQUESTS)] for _ in clients]
            began = time.perf_counter()
            done = list(pool.map(_post_all, clients, [path] * CLIENTS, taken))
            seconds = time.perf_counter() - began
            first, second = (list(chain(*times)) for times in zip(*done, strict=True))
            yield _load(first, seconds), _load(second, seconds)


def _post_all(
    connections: Sequence[HTTPConnection], path: str, bodies: Sequence[Any]
) -> tuple[Times, Times]:
    times: tuple[Times, Times] = [], []
    given = iter(bodies)
    for _ in range(REQUESTS):
        for turn in random.sample((0, 1), 2):
            times[turn].append(_post(connections[turn], path, json.dumps(next(given))))
    return times


def _post(connection: HTTPConnection, path: str, body: str) -> float:
    began = time.perf_counter()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    spent = time.perf_counter() - began
    if not 200 <= response.status < 300:
        raise RuntimeError(answer.decode())
    return 1000 * spent


def _load(times: Times, seconds: float) -> Load:
    cuts = quantiles(times, n=100)
    return Load(len(times) / seconds, cuts[49], cuts[98])
