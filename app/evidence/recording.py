"""Trees of evidence records (RFC 4998): made each hour over all that is new, or is to be renewed.

One process at a time makes them, under a lease. It may be killed at any moment: a tree stays a
draft until its timestamp is kept, and the next process goes on with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, Engine

from app.cms import (
    SHA_256,
    SHA_512,
    HashTree,
    broken_digest,
    group_leaf,
    read_embedded_certificate,
    split_tree,
    split_values,
)
from app.evidence.former_stamps import Former, FormerStamps, Look, weakens_at
from app.evidence.records import digest_of
from app.evidence.renewing import leaf_of_chain, members_of
from app.evidence.tree_stamping import TreeStamper
from app.store.database.engine import transaction
from app.store.evidence import batches, drafts
from app.store.evidence.batches import Due, Renewal, StampedTree
from app.store.evidence.drafts import Draft, LostLease
from app.store.evidence.ending import give_up, hasten, list_samples
from app.store.evidence.records import list_certificates, list_proofs, read_blob
from app.store.leases import give_back, take_lease

#: The leases of a round, and of a question whether an authority has a newer certificate.
ROUND: Final = "evidence records of an hour"
ASKED: Final = "renewal of evidence records"
#: Seconds between two such questions, and after a round that failed.
ASKED_EACH: Final = 86_400.0
AFTER_FAILURE: Final = 300.0
#: Versions of one transaction whose contents are hashed.
_HASHED = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTerms:
    """How often trees are made, in seconds, and when chains of timestamps are renewed.

    They are renewed if the newest certificate ends within `renew_before`, by one that ends at
    least `renew_gain` later.
    """

    each: float = 3600.0
    renew_before: timedelta = timedelta(days=365)
    renew_gain: timedelta = timedelta(days=183)


def clock() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def _weak_since(algorithm: str) -> datetime | None:
    found = broken_digest(algorithm)
    return found.since if found else None


@dataclass(frozen=True, slots=True)
class Recorder:
    """Makes the trees of a store."""

    engine: Engine
    stamper: TreeStamper
    terms: RecordTerms = field(default_factory=RecordTerms)
    clock: Callable[[], datetime] = clock
    #: The date from which a hash algorithm proves nothing; None: it has none.
    weak_since: Callable[[str], datetime | None] = _weak_since
    asked_each: float = ASKED_EACH

    def record_if_due(self) -> int:
        """Make trees, unless that was done within the last hour; return how many.

        Raises what `record` raises; then it is due again after some minutes.
        """
        holder = str(uuid4())
        with transaction(self.engine) as connection:
            if not take_lease(connection, ROUND, holder, self.terms.each):
                return 0
        try:
            return self.record()
        except Exception:
            with transaction(self.engine) as connection:
                take_lease(connection, ROUND, holder, min(AFTER_FAILURE, self.terms.each))
            raise

    def record(self) -> int:
        """Make trees over all that is new or is to be renewed; return how many.

        Raises NoTimestamp, Busy or SQLAlchemyError: what is left is done the next time.
        """
        holder = str(uuid4())
        made = 0
        try:
            with transaction(self.engine) as connection:
                drafts.require_lease(connection, holder)
                self._queue_weak(connection)
                self._hasten_weak(connection)
            while self._make_tree(holder):
                made += 1
        except LostLease:
            _log.info("another process makes evidence records")
        finally:
            with transaction(self.engine) as connection:
                give_back(connection, drafts.LEASE_NAME, holder)
        return made

    def _queue_weak(self, connection: Connection) -> None:
        """Queue the versions of chains whose hash algorithm weakens soon."""
        if self._is_weak(SHA_256):
            for batch_id in batches.list_weak(connection, SHA_256):
                batches.queue_again(connection, batch_id)

    def _hasten_weak(self, connection: Connection) -> None:
        """Make chains due whose newest timestamp is by an algorithm that weakens soon."""
        soon = self.clock() + self.terms.renew_before
        for authority, end in map(weakens_at, list_samples(connection)):
            if end is not None and end <= soon:
                hasten(connection, authority, end)

    def _is_weak(self, algorithm: str) -> bool:
        since = self.weak_since(algorithm)
        return since is not None and since <= self.clock() + self.terms.renew_before

    def _algorithm(self) -> str:
        """Return the hash algorithm of a new tree."""
        return SHA_512 if self._is_weak(SHA_256) else SHA_256

    def _make_tree(self, holder: str) -> bool:
        """Make a tree; return whether one was made, so that there may be more to do."""
        draft = self._fill(holder)
        algorithm = draft.algorithm if draft else self._algorithm()
        renewals = self._list_renewals(holder, algorithm)
        with self.engine.connect() as connection:
            listed = drafts.list_members(connection, draft) if draft else ()
            leaves = [group_leaf(split_values(one, algorithm), algorithm) for one in listed]
            known = list_certificates(connection)
        if not leaves and not (renewals and self._may_ask(holder)):
            return False
        leaves += [group_leaf(split_values(one.members, algorithm), algorithm) for one in renewals]
        tree = HashTree.of_leaves(leaves, algorithm)
        gain = self.terms.renew_gain
        wanted = max((one.due.due_at + gain for one in renewals), default=None)
        certificates = [one for one in map(read_embedded_certificate, known) if one]
        stamp = self.stamper.stamp(tree, certificates, wanted)
        renewed = [one for one in renewals if stamp.ends_at >= one.due.due_at + gain]
        if draft is None and not renewed:
            return False
        with transaction(self.engine) as connection:
            drafts.require_lease(connection, holder)
            stamped = StampedTree(algorithm, split_tree(tree), stamp)
            batches.keep_stamp(connection, draft, stamped, renewed)
        _log.info("evidence records: a tree of %d leaves, %d renewals", len(tree), len(renewed))
        return True

    def _may_ask(self, holder: str) -> bool:
        """Return whether authorities may be asked for a renewal only, which is once a day."""
        with transaction(self.engine) as connection:
            drafts.require_lease(connection, holder)
            return take_lease(connection, ASKED, str(uuid4()), self.asked_each)

    def _list_renewals(self, holder: str, algorithm: str) -> list[Renewal]:
        """Return the chains that are to be renewed, with their leaves."""
        before = self.clock() + self.terms.renew_before
        with self.engine.connect() as connection:
            due = batches.list_due(connection, before, algorithm)
            formers = [one for some in _steps(due) for one in _formers(connection, some)]
        stamps = FormerStamps(self.stamper.trust, self.stamper.revocation, algorithm, self._read)
        looked_at = [(one, stamps.look(one)) for one in formers]
        accused = [(former, look) for former, look in looked_at if look.accused]
        for former, look in accused:
            self._give_up(holder, former, look)
        with self.engine.connect() as connection:
            hashed = digest_of(connection, algorithm)
            return [
                _renewal(former, look, hashed, algorithm)
                for former, look in looked_at
                if not look.accused
            ]

    def _read(self, sha256: bytes) -> bytes:
        with self.engine.connect() as connection:
            return read_blob(connection, sha256)

    def _give_up(self, holder: str, former: Former, look: Look) -> None:
        """Renew a chain no more whose authority was revoked; its versions get new records."""
        reason = "; ".join(map(str, look.accused))
        _log.error("evidence records of batch %d prove nothing: %s", former.due.first_id, reason)
        with transaction(self.engine) as connection:
            drafts.require_lease(connection, holder)
            give_up(connection, former.due.first_id, former.tokens[-1][0], look.items)

    def _fill(self, holder: str) -> Draft | None:
        """Add versions of the queue to the draft until it is full; return it if it has any.

        Its leaves are counted once: under the lease no other process adds any. What is deleted or
        replaced meanwhile counts on, so a tree may get fewer leaves than it might have.
        """
        draft, count = None, 0
        while True:
            with transaction(self.engine) as connection:
                drafts.require_lease(connection, holder)
                found = drafts.find_draft(connection)
                if found != draft:
                    draft, count = found, drafts.count_leaves(connection, found) if found else 0
                algorithm = self._algorithm()
                if draft and draft.algorithm != algorithm:
                    if count:
                        return draft
                    # All that was in it was deleted.
                    drafts.set_algorithm(connection, draft, algorithm)
                    draft = draft._replace(algorithm=algorithm)
                room = min(drafts.STEP, drafts.MAX_LEAVES - count)
                added = self._add(connection, draft, algorithm, room) if room > 0 else None
                if added is None:
                    return draft if count else None
                count += added

    def _add(
        self, connection: Connection, draft: Draft | None, algorithm: str, room: int
    ) -> int | None:
        """Add some versions; return how many became leaves, None if none waits."""
        # By SHA-256 nothing has to be read: what is stored has its digest beside it.
        is_fast = algorithm == SHA_256
        queued = drafts.list_queued(connection, room if is_fast else min(room, _HASHED))
        taken = drafts.take_queued(connection, queued)
        if not taken:
            return None
        draft = draft or drafts.open_draft(connection, algorithm)
        if is_fast:
            members = drafts.digest_members(connection, taken)
        else:
            members = [one for each in taken if (one := members_of(connection, each, algorithm))]
        drafts.add_members(connection, draft, members)
        return len(members)


def _steps(due: Sequence[Due]) -> Iterator[Sequence[Due]]:
    return (due[start : start + drafts.STEP] for start in range(0, len(due), drafts.STEP))


def _formers(connection: Connection, due: Sequence[Due]) -> list[Former]:
    chains = list(batches.list_tokens(connection, due))
    proofs = list_proofs(connection, {listed[-1][0] for _, listed in chains})
    return [Former(one, tuple(listed), tuple(proofs[listed[-1][0]])) for one, listed in chains]


def _renewal(
    former: Former, look: Look, hashed: Callable[[bytes], bytes], algorithm: str
) -> Renewal:
    """Return a chain as a leaf, with what proves its newest token, of before and of now."""
    newest_id = former.tokens[-1][0]
    proofs = [hashed(sha256) for _, sha256 in former.proofs]
    tokens = [token for _, token in former.tokens]
    members = leaf_of_chain(tokens, [*proofs, *look.digests], algorithm)
    return Renewal(former.due, members, newest_id, look.items)
