"""Facts of signers that are too large for many versions to have them in memory at once."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Engine

from app.store.database import snapshot
from app.store.errors import SignatureNotFound
from app.store.large_texts import Key
from app.store.signers import facts_of_each
from app.store.standings import Trusted

#: Signers that are read at a time: the facts of each have some kilobytes, at most some hundred.
_FETCH_ROWS = 64


@dataclass(frozen=True, slots=True)
class LargeFacts:
    """The facts of the signers of one version, which are read when they are needed."""

    engine: Engine
    key: Key
    #: As for `app.store.signers.facts_of`.
    trusted: Trusted | None

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
        options = {"yield_per": _FETCH_ROWS}
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
