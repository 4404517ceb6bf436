"""Sentences in the form that one reader wants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from app.cms import Reason, Sentence, fill_template, write_time
from app.wording.catalogues import translate


@dataclass(frozen=True, slots=True)
class Wording:
    """The language of sentences, from `catalogues.LANGUAGES`, and the zone of times."""

    language: str = "en"
    zone: tzinfo = UTC

    def phrase(self, template: str, /, **values: object) -> str:
        """Return a sentence, translated, with its values translated where they are sentences."""
        translated = {
            name: self.sentence(value) if isinstance(value, Reason) else value
            for name, value in values.items()
        }
        return fill_template(translate(template, self.language), translated, self.zone)

    def sentence(self, one: Sentence) -> str:
        """Return the sentence of a reason or an error."""
        return self.phrase(one.template, **one.values)

    def time(self, moment: datetime) -> str:
        """Return a time in the reader's zone, with the name of the zone."""
        return write_time(moment, self.zone)
