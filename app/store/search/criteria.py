"""The filters of a list, without the statements that apply them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from app.store.search import terms
from app.store.search.tag_pairs import pair
from app.store.search.terms import Period

if TYPE_CHECKING:
    from app.store.search.picking import Picking

TagsMode = Literal["any", "all"]
#: Tags of a filter that a statement has one by one; more of them come as one list.
SINGLE_TAGS = 6
#: Statements of lists that are kept for the next request with filters of the same shape. Each takes
#: some 0.4 MB, and there are thousands of shapes.
KEPT_SHAPES = 48
#: Of the current version: whether it is in the queue, or the result for its signers.
EvidenceFilter = Literal["pending", "complete", "impossible"]


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The filters of a list, combined by AND. Text matches exactly, except `name`.

    Filters on signers refer to what the current version claims. `iin` and `bin` are twelve digits,
    `name` the beginning of a name in any letter case, `sha256` a digest, hex, of the signature or
    of its content; a thread was signed between `signed_from` and `signed_to`, both included.
    """

    document: str | None = None
    thread: str | None = None
    stage: str | None = None
    tags: tuple[str, ...] = ()
    tags_mode: TagsMode = "any"
    iin: str | None = None
    bin: str | None = None
    name: str | None = None
    sha256: str | None = None
    signed_from: datetime | None = None
    signed_to: datetime | None = None
    evidence: EvidenceFilter | None = None
    #: A selection of threads, and an order other than newest first; None: all, newest first.
    picking: Picking | None = None

    @property
    def impossible(self) -> bool:
        """Whether nothing can match: the period ends before it begins."""
        return bool(self.signed_from and self.signed_to and self.signed_from > self.signed_to)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Values for the placeholders of `Shape`'s statements."""
        given = {
            "document": self.document,
            "thread": self.thread,
            "stage": self.stage,
            "signed_from": self.signed_from,
            "signed_to": self.signed_to,
            **self._beginning,
            **self._pair,
        }
        # In the order of `tag_pairs`.
        tags = sorted(self.tags) if self.tags_mode == "all" else list(self.tags)
        return {
            **self._cover,
            **{name: value for name, value in given.items() if value is not None},
            **{f"tag_{number}": tag for number, tag in enumerate(tags[:SINGLE_TAGS])},
            **({"tags": tags, "number_of_tags": len(tags)} if len(tags) > SINGLE_TAGS else {}),
            **{f"term_{number}": term for number, term in enumerate(self._terms)},
        }

    @cached_property
    def shape(self) -> Shape:
        """What a statement depends on, without the values."""
        columns = tuple(
            name for name in ("document", "thread", "stage") if getattr(self, name) is not None
        )
        return Shape(
            columns,
            min(len(self.tags), SINGLE_TAGS + 1),
            self.tags_mode,
            len(self._terms),
            bool(self._beginning),
            self.signed_from is not None,
            self.signed_to is not None,
            evidence=self.evidence,
        )

    @cached_property
    def _terms(self) -> list[str]:
        """The terms that a thread must have, usually the rarest first."""
        found = []
        if self.sha256:
            found.append(terms.sha256(self.sha256))
        if self.iin:
            found.append(terms.iin(self.iin))
        if self.bin:
            found.append(terms.bin_(self.bin))
        if self.name and terms.is_term(self.name):
            found.append(terms.name(self.name))
        return found

    @cached_property
    def _beginning(self) -> dict[str, str]:
        """Values for the placeholders of `names`, none if it isn't needed."""
        if not self.name or terms.is_term(self.name):
            return {}
        first, behind = terms.whole_names(self.name)
        folded = terms.fold(self.name)
        return {
            "name_from": first,
            "name_before": behind,
            "name_letter": terms.first_letter(folded),
            "name_folded": folded,
        }

    @cached_property
    def _pair(self) -> dict[str, int]:
        """The numbers of the rows of threads that have the first two tags, if all are required."""
        if self.tags_mode == "any" or len(self.tags) < 2:
            return {}
        first, second, *_ = sorted(self.tags)
        return {
            "pair": pair(first, second),
            "first_alone": pair(first, first),
            "second_alone": pair(second, second),
        }

    @cached_property
    def _cover(self) -> dict[str, str]:
        """Values for the placeholders of the terms that cover the period, none if it is open."""
        if not self.shape.timed:
            return {}
        months, days, cut = Period(self.signed_from, self.signed_to).cover()
        return {
            "month_from": months[0],
            "month_before": months[1],
            "whole_days": " ".join(days),
            "cut_days": " ".join(cut),
        }


@dataclass(frozen=True, slots=True)
class Shape:
    """Which filters a list has. Statements are built once for each shape, and reused."""

    columns: tuple[str, ...]
    #: How many there are, at most one more than `SINGLE_TAGS`.
    tags: int
    tags_mode: TagsMode
    terms: int = 0
    beginning: bool = False
    signed_from: bool = False
    signed_to: bool = False
    #: Whether only threads with an id below :before are listed; it is no filter.
    before: bool = False
    evidence: EvidenceFilter | None = None

    @property
    def filters(self) -> int:
        """How many filters there are, all tags together being one, and a period one."""
        others = self.beginning, self.timed, self.evidence is not None
        return len(self.columns) + bool(self.tags) + self.terms + sum(others)

    @property
    def many_tags(self) -> bool:
        """Whether there are so many tags that they come as a list."""
        return self.tags > SINGLE_TAGS

    @property
    def lies_in_order(self) -> bool:
        """Whether the newest matches are adjacent in an index, for any tag or term."""
        return self.filters == self.terms + self.tags == 1

    @property
    def of_document(self) -> bool:
        """Whether there is a filter on the document or the thread name, which few threads share."""
        return "document" in self.columns or "thread" in self.columns

    @property
    def timed(self) -> bool:
        """Whether there is a filter on the time of signing."""
        return self.signed_from or self.signed_to

    @property
    def is_rare(self) -> bool:
        """Whether there is a filter on evidence that usually few threads meet."""
        return self.evidence in ("pending", "impossible")

    @property
    def on_heads(self) -> bool:
        """Whether there is a filter on the head of a thread, besides what the indexes hold."""
        return bool(self.columns) or self.timed

    @property
    def untimed(self) -> Shape:
        """The same without the time of signing."""
        return replace(self, signed_from=False, signed_to=False)

    @property
    def without_heads(self) -> Shape:
        """The same without filters on the head of a thread."""
        return replace(self.untimed, columns=())
