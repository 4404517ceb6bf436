"""Rows of answers: versions, and the states of their evidence if the caller wants these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Response, current_app, request
from sqlalchemy import Connection

from app.api import envelope
from app.api.ncanode.evidence.serializers import write_states
from app.services.documents import write_content
from app.services.translations import choose_locale
from app.store.contents.reading import find_contents
from app.store.contents.values import KeptContent
from app.store.evidence.reading import VersionStates, read_states
from app.store.signatures.large_texts import Key
from app.store.signatures.records import SignatureRecord
from app.store.signatures.rows import FETCH_ROWS, Carried
from app.wording.sentences import Wording

#: Characters of signatures in one portion, unless one row alone has more.
PORTION: Final = 128 * 1024


def _portions(records: Iterable[SignatureRecord]) -> Iterator[list[SignatureRecord]]:
    """Return records in portions of at most `FETCH_ROWS`, which take little memory."""
    some: list[SignatureRecord] = []
    size = 0
    for record in records:
        some.append(record)
        size += len(record.cms) if isinstance(record.cms, str) else 0
        if len(some) == FETCH_ROWS or size > PORTION:
            yield some
            some, size = [], 0
    if some:
        yield some


@dataclass(frozen=True, slots=True)
class Rows:
    """Writes the rows of one answer, also after the request's context has ended."""

    carried: Carried
    zone: ZoneInfo
    #: The language of reasons; None: no row has any.
    wording: Wording | None
    _states: dict[Key, VersionStates] = field(default_factory=dict)
    _contents: dict[tuple[int, int], KeptContent] = field(default_factory=dict)

    @classmethod
    def of_request(cls, carried: Carried) -> Rows:
        """Return what writes the rows of the current request."""
        wording = Wording(choose_locale(request)) if carried.evidence else None
        return cls(carried, current_app.config["TIMEZONE"], wording)

    def read(
        self, connection: Connection, records: Iterable[SignatureRecord]
    ) -> Iterator[SignatureRecord]:
        """Return records, having read the states of their evidence, and what is kept, if wanted.

        That is one statement for each portion of a long list, which is not in memory at once.
        """
        if not self.carried.evidence and not self.carried.content:
            return iter(records)
        return self._with_more(connection, records)

    def _with_more(
        self, connection: Connection, records: Iterable[SignatureRecord]
    ) -> Iterator[SignatureRecord]:
        for some in _portions(records):
            keys = [Key(one.id, one.version) for one in some]
            if self.carried.evidence:
                self._states.update(read_states(connection, keys))
            if self.carried.content:
                self._contents.update(find_contents(connection, keys))
            yield from some

    def write(self, record: SignatureRecord) -> dict[str, Any]:
        """Return a row. What was read of its evidence is forgotten then."""
        row = envelope.signature(record, self.zone, self.carried)
        if self.wording is not None:
            states = self._states.pop(Key(record.id, record.version), VersionStates())
            row["evidence"] = write_states(states, self.wording)
        if self.carried.content:
            row["content"] = write_content(self._contents.pop((record.id, record.version), None))
        return row

    def labelled(self, response: Response) -> Response:
        """Add the language of an answer, if it has one."""
        if self.wording is not None:
            response.headers["Content-Language"] = self.wording.language
        return response
