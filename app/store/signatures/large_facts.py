"""Facts of signers that are too large to be in memory for many versions at once."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Engine

from app.cms import MAX_SIGNERS
from app.store.database.engine import snapshot
from app.store.errors import SignatureNotFound
from app.store.signatures.large_texts import Key
from app.store.signatures.signers import facts_of_each
from app.store.signatures.standings import Trusted

#: Signers that are read at a time, at most, and bytes, if each has as many.
_FETCH_ROWS, _FETCH_BYTES = 64, 512 * 1024


@dataclass(frozen=True, slots=True)
class LargeFacts:
    """The facts of the signers of one version, read on demand."""

    engine: Engine
    key: Key
    #: As for `app.store.signatures.signers.facts_of`.
    trusted: Trusted | None
    #: Total bytes.
    size: int

    def each(self) -> Iterator[str]:
        """Return the facts of each signer, as JSON.

        Raises:
            SignatureNotFound: the version was deleted meanwhile.
        """
        return chain.from_iterable(self._some())

    def pieces(self) -> Generator[bytes]:
        """Return all of them, as a JSON list in pieces. Raises SignatureNotFound."""
        separator = "["
        for some in self._some():
            yield (separator + ",".join(some)).encode()
            separator = ","
        yield b"]"

    def _some(self) -> Iterator[Sequence[str]]:
        statement = facts_of_each(self.engine.dialect.name, self.trusted)
        rows_at_once = max(1, min(_FETCH_ROWS, MAX_SIGNERS * _FETCH_BYTES // self.size))
        options = {"yield_per": rows_at_once}
        got = False
        values = self.key._asdict()
        with (
            snapshot(self.engine) as connection,
            connection.execute(statement, values, execution_options=options) as rows,
        ):
            for some in rows.scalars().partitions():
                got = True
                yield some
        if not got:
            raise SignatureNotFound
