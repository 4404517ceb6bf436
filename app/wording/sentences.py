"""Sentences as one reader wants them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from app.cms import Reason, Sentence, fill_template, write_time
from app.wording.catalogues import translate


@dataclass(frozen=True, slots=True)
class Wording:
    """In which language sentences are told, of `catalogues.LANGUAGES`, and times in which zone."""

    language: str = "en"
    zone: tzinfo = UTC

    def phrase(self, template: str, /, **values: object) -> str:
        """Return a sentence, translated, and what stands in it if that is one too."""
        told = {
            name: self.sentence(value) if isinstance(value, Reason) else value
            for name, value in values.items()
        }
        return fill_template(translate(template, self.language), told, self.zone)

    def sentence(self, one: Sentence) -> str:
        """Return the sentence that a reason or an error carries."""
        return self.phrase(one.template, **one.values)

    def time(self, moment: datetime) -> str:
        """Return a moment in the reader's zone, which is named."""
        return write_time(moment, self.zone)
