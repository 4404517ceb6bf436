"""Many items in one request: the answer has a result for each, in order.

They are spread over the workers of the server (`app.services.shared_work`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Any, TypeAlias

import orjson
from flask import Flask, Response, current_app, request, stream_with_context

from app.api.errors import describe_failure
from app.api.json_response import CONTENT_TYPE
from app.api.ncanode3.batch_schemas import BATCHES, BatchSchema
from app.api.ncanode3.verifications import FUNCTIONS, Verifications
from app.api.params.merging import read_parameters
from app.api.params.unread import note
from app.cms import cpu_time_ns
from app.extensions import current_trust
from app.rate_limit.computing import Computing, computing_of, settle_computing
from app.rate_limit.errors import TooMuchComputing
from app.services.shared_work import Do, SharedWork, Spread
from app.services.translations import choose_locale
from app.store.errors import BatchTooSlow
from app.trust.turns import Busy
from app.wording.sentences import Wording

#: Seconds after which the rest of the items is refused.
MAX_SECONDS = 300.0
#: Fewer items than these are done by one worker.
FEW = 4
#: Items that a worker takes at a time, and characters of these, unless one alone has more: each
#: exchange between workers, and each piece of an answer, costs a tenth of a verification.
GROUP, GROUP_SIZE = 8, 64 * 1024

Statuses: TypeAlias = Mapping[type[Exception], int]


@dataclass(frozen=True, slots=True)
class Account:
    """What a caller's computing time is charged to."""

    computing: Computing
    caller: str

    def has_left(self) -> bool:
        """Return whether the caller has computing time left."""
        return self.computing.has_left(self.caller)

    def charge(self, nanoseconds: int) -> None:
        """Charge CPU time."""
        self.computing.charge(self.caller, nanoseconds)


@dataclass(frozen=True, slots=True)
class Performer:
    """Does items, in this worker or for another one."""

    path: str
    verifications: Verifications
    statuses: Statuses
    #: Whether another worker asked, which does itself what there is no turn for here.
    is_guest: bool = False
    #: Charges another worker's caller.
    account: Account | None = None

    def of_now(self) -> Performer:
        """Return the same for a group of items, which share what is trusted as it begins."""
        return replace(self, verifications=self.verifications.of_now())

    def do_each(self, group: Sequence[Any]) -> bytes:
        """Return the results of items; none if one of them isn't to be done here.

        For that there is no turn, or the caller has no computing time left.
        """
        try:
            return b",".join(map(self.of_now().do_charged, group))
        except Busy:
            return b""

    def do_charged(self, item: Any) -> bytes:
        """Return the result of another worker's item, and charge its caller. Raises Busy."""
        if not self.account:
            return self.do(item)
        if not self.account.has_left():
            raise Busy
        began = cpu_time_ns()
        try:
            return self.do(item)
        finally:
            self.account.charge(cpu_time_ns() - began)

    def do(self, item: Any) -> bytes:
        """Return the result of an item. Raises Busy for another worker."""
        try:
            return orjson.dumps(FUNCTIONS[self.path](self.verifications, item))
        except Busy as error:
            if self.is_guest:
                raise
            return self.refuse(error)
        except Exception as error:  # noqa: BLE001 - it is one item's; the others are answered
            return self.refuse(error)

    def refuse(self, error: Exception) -> bytes:
        """Return the result of an item that failed."""
        status, sentence = describe_failure(error, self.statuses)
        message = self.verifications.wording.sentence(sentence)
        return orjson.dumps({"status": status, "message": message})


def make_helper(app: Flask, terms: Any) -> Do:
    """Return what does the items of another worker's request, as `answer_batch` invited to it."""
    path, language, caller = terms
    verifications = Verifications(app.extensions["trust"], Wording(language))
    computing = computing_of(app)
    account = Account(computing, caller) if computing and caller else None
    statuses = app.extensions["statuses"]
    return Performer(path, verifications, statuses, is_guest=True, account=account).do_each


def answer_batch(path: str, statuses: Statuses) -> Response:
    """Answer with a result for each item of a request. `path` is that for one item."""
    schema: BatchSchema = BATCHES[path]
    given = read_parameters(request, aliases={}, lists=(*schema.known,))
    note(given, schema.known)
    items = schema.read(given)
    language = choose_locale(request)
    performer = Performer(path, Verifications(current_trust(), Wording(language)), statuses)
    computing = computing_of(current_app)
    terms = [path, language, computing and computing.current_caller()]
    written = stream_with_context(_write(items, performer, terms))
    response = Response(written, content_type=CONTENT_TYPE)
    response.headers["Content-Language"] = language
    return response


def _write(items: list[Any], performer: Performer, terms: Any) -> Iterator[bytes]:
    shared: SharedWork = current_app.extensions["shared work"]
    helpers = shared.invite(terms) if len(items) >= FEW else []
    spread = Spread(_group(items), helpers)
    do = partial(_do, performer, spread, monotonic() + MAX_SECONDS)
    yield b'{"status":200,"message":"OK","results":['
    with closing(spread.results(do)) as results:
        for number, result in enumerate(results):
            yield b"," + result if number else result
    yield b"]}"


def _group(items: Sequence[Any]) -> list[list[Any]]:
    """Return items in groups: smaller ones if there are few, so that all workers have some."""
    most = min(max(len(items) // (2 * FEW), 1), GROUP)
    groups: list[list[Any]] = []
    size = 0
    for item in items:
        length = sum(len(value) for value in item.values() if isinstance(value, str))
        if not groups or len(groups[-1]) == most or size + length > GROUP_SIZE:
            groups.append([])
            size = 0
        groups[-1].append(item)
        size += length
    return groups


def _do(performer: Performer, spread: Spread, until: float, group: Sequence[Any]) -> bytes:
    """Do items, one after the other."""
    own = performer.of_now()
    return b",".join(_do_one(own, spread, until, item) for item in group)


def _do_one(performer: Performer, spread: Spread, until: float, item: Any) -> bytes:
    """Do an item, unless the caller has used up the time."""
    try:
        settle_computing()
        _require_time(until)
    except (TooMuchComputing, BatchTooSlow) as error:
        spread.go_alone()
        return performer.refuse(error)
    return performer.do(item)


def _require_time(until: float) -> None:
    if monotonic() > until:
        raise BatchTooSlow(seconds=round(MAX_SECONDS))
