"""The form by which the office searches: what was asked, and what of it can't be used."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import get_args

from werkzeug.datastructures import MultiDict

from app.services.cursors import MAX_ID, read_cursor
from app.store.search.criteria import Criteria, EvidenceFilter
from app.web.dates import end_of, read_day, start_of
from app.web.texts import translated

#: The fields, in the order of the form.
NAMES = (
    "iin",
    "bin",
    "signer",
    "document",
    "thread",
    "tag",
    "sha256",
    "signed_from",
    "signed_to",
    "evidence",
)
#: Characters of a text, as in the API.
LONGEST = 255


@dataclass(frozen=True, slots=True)
class SearchForm:
    """What was asked: the texts as they were given, and what they mean.

    `wrong` has a sentence for each field that can't be used; then `criteria` means nothing.
    """

    given: dict[str, str]
    criteria: Criteria
    before: int
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked: the newest threads are shown."""
        return not self.given

    @property
    def is_continued(self) -> bool:
        """Whether this is a further page of what was found."""
        return self.before != MAX_ID


def read_search(args: MultiDict[str, str]) -> SearchForm:
    """Read the query string of the form. Fields that are empty count as absent."""
    given = {name: args.get(name, "").strip() for name in NAMES}
    given = {name: text for name, text in given.items() if text}
    wrong = {name: refusal for name, text in given.items() if (refusal := _refusal(name, text))}
    first, last = (read_day(given.get(name, "")) for name in ("signed_from", "signed_to"))
    if first and last and first > last:
        wrong["signed_to"] = translated("This day is before the first one.")
    cursor = args.get("cursor", "").strip()
    before = read_cursor(cursor) if cursor else MAX_ID
    if before is None:
        wrong["cursor"] = translated("This address is damaged: begin the search again.")
    good = {name: text for name, text in given.items() if name not in wrong}
    return SearchForm(given, _criteria(good), before or MAX_ID, wrong)


def _refusal(name: str, text: str) -> str | None:
    """Return what is wrong with a field, None if nothing is."""
    if name in ("iin", "bin"):
        is_good = re.fullmatch(r"[0-9]{12}", text)
        return None if is_good else translated("This must be 12 digits.")
    if name == "sha256":
        is_good = re.fullmatch(r"[0-9a-fA-F]{64}", text)
        return None if is_good else translated("This must be 64 hexadecimal digits (SHA-256).")
    if name in ("signed_from", "signed_to"):
        return None if read_day(text) else translated("This must be a day.")
    if name == "evidence":
        return None if text in get_args(EvidenceFilter) else translated("Choose one of the list.")
    if len(text) > LONGEST or "\0" in text:
        return translated("This is too long, or has a character that is not text.")
    return None


def _criteria(good: dict[str, str]) -> Criteria:
    first, last = (read_day(good.get(name, "")) for name in ("signed_from", "signed_to"))
    evidence = good.get("evidence")
    return Criteria(
        document=good.get("document"),
        thread=good.get("thread"),
        tags=(good["tag"],) if "tag" in good else (),
        iin=good.get("iin"),
        bin=good.get("bin"),
        name=good.get("signer"),
        sha256=good["sha256"].lower() if "sha256" in good else None,
        signed_from=start_of(first) if first else None,
        signed_to=end_of(last) if last else None,
        evidence=next((one for one in get_args(EvidenceFilter) if one == evidence), None),
    )
