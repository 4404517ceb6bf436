"""The verifier of a server or a command, with the operator's trust anchors and revocation data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.cms import (
    Answer,
    Budget,
    Certificate,
    CertificateStatus,
    ContentBudget,
    GivenContent,
    Meter,
    NotedRevocation,
    Occasion,
    SignedData,
    SignedXml,
    SignerStatus,
    Verdict,
    Verifier,
)
from app.destinations import Destinations
from app.store.signatures.revocations import Recall
from app.store.signatures.standings import Trusted
from app.trust.folder import Contents, list_files, read_folder
from app.trust.kept import Kept
from app.trust.loaded import Loaded
from app.trust.recalling import chains_of, recalling, verify_recalling
from app.trust.stored import Stored, StoredAuthorities
from app.trust.turns import Turns

if TYPE_CHECKING:
    from app.trust.online import Findings, Inquiry

_NOTHING = Stored()


class Trust:
    """Verifies against anchors and revocation data of a folder and a database. Thread-safe.

    `app.trust.folder` says what is in the folder. It is read on first use, and again when a file in
    it has changed; a missing folder has no anchors. `app.trust.stored` says when the database is
    read.

    Methods that need them raise SQLAlchemyError if the database was never read, and can't be.
    """

    def __init__(
        self,
        folder: Path,
        *,
        online: bool,
        cache: Path,
        destinations: Destinations | None = None,
        on_result: Callable[[tuple[SignerStatus, ...]], None] | None = None,
    ) -> None:
        """Take TRUST_DIR; if `online`, CAs may be asked, and `cache` stores the answers.

        `destinations` restricts the servers; by default to those on the Internet.

        `on_result` is called with the results of each verification of a signature.
        """
        self.folder = folder
        self.online = online
        self.cache = cache
        #: The certificates in the database; None: only those of the folder are used.
        self.stored: StoredAuthorities | None = None
        self._on_result = on_result
        self._lock = threading.Lock()
        self._loaded: Loaded | None = None
        #: One verification at a time; larger work that includes one takes a turn around all of it.
        self.turns = Turns()
        self._inquiry: Inquiry | None = None
        if online:
            self._inquiry = _make_inquiry(cache, destinations or Destinations(), self.turns)

    def verify(  # noqa: PLR0913  # A signature, and all that it is verified with.
        self,
        signature: SignedData | SignedXml,
        content: GivenContent | None = None,
        *,
        at: datetime | Occasion,
        fetch: bool = False,
        content_budget: Budget | None = None,
        kept: Kept | None = None,
        loaded: Loaded | None = None,
        recall: Recall | None = None,
        meter: Meter | None = None,
    ) -> tuple[SignerStatus, ...]:
        """Verify each signer; see `Verifier.verify`, for `content_budget` and `meter` too.

        A timestamp whose authority's certificates had ended when it is known to have existed proves
        nothing. That is as of `at`, unless the Occasion says when. Of `kept` tokens it is left to
        the caller: an evidence record may show more (`app.evidence.lasting`).

        Evidence that is stored for the signature, `kept`, is used beside what the operator has:
        `loaded`, if the caller has that already, else what it is now. So is what `recall` returns,
        the revocations that a store has noted, for callers that keep the result or have kept one.

        If the available data don't say whether a certificate was revoked, cached answers of its CA
        are used, if the settings say online; with `fetch` the CA is asked, for up to
        `online.SECONDS` seconds. What remains unknown has the reason. A timestamp from the future,
        by the clock of this machine, counts for nothing.

        Raises:
            Busy: too much is being verified; see `turns`.
            SQLAlchemyError: of `recall`.
        """
        when = Occasion.of(at)
        now = datetime.now(UTC)
        # Whatever is asked about, they are here now.
        known = min(when.stamps_known or when.known, now)
        when = replace(when, now=now, stamps_known=known)
        budget = content_budget or ContentBudget()
        verify = partial(
            Verifier.verify,
            signature=signature,
            content=content,
            at=when,
            content_budget=budget,
            meter=meter,
        )
        current = loaded or self.loaded()
        judge = partial(verify_recalling, verify, current, recall)
        statuses = self._verify(judge, current, kept or Kept(), fetch=fetch)
        if self._on_result:
            self._on_result(statuses)
        return statuses

    def _verify(
        self,
        judge: Callable[..., tuple[SignerStatus, ...]],
        loaded: Loaded,
        kept: Kept,
        *,
        fetch: bool,
    ) -> tuple[SignerStatus, ...]:
        with self.turns.take():
            statuses = judge(kept)
            links = loaded.open_links(statuses) if self._inquiry else []
            if not self._inquiry or not links:
                return statuses
            findings = self._inquiry.ask(links, fetch=fetch)
            if findings.found:
                statuses = judge(kept, findings.found)
        return tuple(
            replace(
                status,
                revocation=findings.explain(status.revocation, status.chain),
                failures=findings.failures_of(status.chain),
            )
            for status in statuses
        )

    def verify_alone(  # noqa: PLR0913  # A signature, and all that it is verified with.
        self,
        signature: SignedData | SignedXml,
        content: GivenContent | None = None,
        *,
        saved_at: datetime,
        kept: Kept,
        recall: Recall,
        content_budget: Budget | None = None,
    ) -> tuple[SignerStatus, ...]:
        """Verify with the anchors, and evidence that is stored for the signature, and nothing else.

        So what is found is what anyone would find with these, but for what `recall` returns: the
        revocations that the store has noted. Nothing is fetched, and no result is counted.

        Raises:
            Busy: too much is being verified.
            SQLAlchemyError: of `recall`.
        """
        now = datetime.now(UTC)
        # A clock that was ahead may have written a time that is still to come.
        known = min(saved_at, now)
        when = Occasion(known, known, now=now, stamps_known=known)
        budget = content_budget or ContentBudget()
        loaded = self.loaded()

        def verify(noted: tuple[NotedRevocation, ...]) -> tuple[SignerStatus, ...]:
            return loaded.knowing_only(replace(kept, noted=noted)).verify(
                signature, content, at=when, content_budget=budget, tokens=kept.tokens
            )

        with self.turns.take():
            return recalling(verify, chains_of, loaded, recall)

    def verify_certificate(
        self, certificate: Certificate, *, at: datetime | Occasion, fetch: bool = False
    ) -> tuple[Verdict, Verdict]:
        """Verify a certificate alone: its path, and revocation. `fetch` as for `verify`."""
        status = self.examine_certificate(certificate, at=at, fetch=fetch)
        return status.path, status.revocation

    def examine_certificate(
        self,
        certificate: Certificate,
        *,
        at: datetime | Occasion,
        fetch: bool = False,
        budget: Budget | None = None,
        loaded: Loaded | None = None,
    ) -> CertificateStatus:
        """Return the same as `verify_certificate`, and what it rests on.

        `budget` and `loaded` may be those of several certificates.
        """
        loaded = loaded or self.loaded()
        when = replace(Occasion.of(at), now=datetime.now(UTC))
        own = budget or Budget()
        with self.turns.take():
            status = loaded.verifier.examine_certificate(certificate, at=when, budget=own)
            if not self._inquiry or status.revocation.answer is not Answer.UNKNOWN:
                return status
            chain = status.chain if status.path.answer is Answer.YES else ()
            links = loaded.unanswered_of((chain, *status.other_chains), when.at)
            findings = self._inquiry.ask(links, fetch=fetch)
            if findings.found:
                verifier = loaded.knowing(findings.found)
                status = verifier.examine_certificate(certificate, at=when, budget=own)
        return replace(
            status,
            revocation=findings.explain(status.revocation, chain),
            failures=findings.failures_of(chain),
        )

    def inquire(self, links: Iterable[tuple[Certificate, Certificate]]) -> Findings | None:
        """Ask authorities what holds of certificates, each with its issuer, now.

        They must be of good chains. For up to `online.SECONDS` seconds. Returns None if the
        settings say offline. Raises Busy: too much is being verified.
        """
        if self._inquiry is None:
            return None
        with self.turns.take():
            return self._inquiry.ask(links, fetch=True)

    @property
    def has_anchors(self) -> bool:
        """Return whether there is an anchor: without one, no identity can be verified."""
        return bool(self.contents().anchors)

    def contents(self) -> Contents:
        """Return the current contents of the folder and the database."""
        return self.loaded().contents

    def refresh(self) -> None:
        """Check whether the certificates in the database have changed. Raises SQLAlchemyError."""
        if self.stored:
            self.stored.refresh()

    def filed(self) -> Contents:
        """Return the contents of the folder only."""
        return read_folder(self.folder, list_files(self.folder), self.cache)

    def trusted(self, *, claims: bool = False) -> Trusted:
        """Return whose signatures count now; `claims`: without an anchor, all do."""
        loaded = self.loaded()
        if claims and not loaded.trusted.anchors:
            return replace(loaded.trusted, claims=True)
        return loaded.trusted

    def loaded(self) -> Loaded:
        """Return the anchors, other certificates and revocation data of now."""
        stored = self.stored.current() if self.stored else _NOTHING
        files = list_files(self.folder)
        loaded = self._loaded
        if loaded and loaded.is_of(files, stored):
            return loaded
        with self._lock:
            loaded = self._loaded
            if not loaded or not loaded.is_of(files, stored):
                loaded = self._loaded = Loaded.read(self.folder, files, self.cache, stored)
            return loaded


def _make_inquiry(cache: Path, destinations: Destinations, turns: Turns) -> Inquiry:
    # Importing requests takes 0.1 s, and most servers never send requests.
    from app.trust.online import Inquiry  # noqa: PLC0415

    return Inquiry(cache, destinations, turns)
