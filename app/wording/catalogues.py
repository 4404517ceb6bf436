"""What is told in English, told in Russian and Kazakh.

The translations are gettext catalogues beside this file, read as they are written: `.po`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "translations"

#: English is that of the sentences themselves; the others have a catalogue each.
LANGUAGES = ("ru", "kk", "en")


def translate(template: str, language: str) -> str:
    """Return a sentence in another language; where there is none, as it is."""
    return template if language == "en" else _catalogue(language).get(template, template)


@cache
def _catalogue(language: str) -> dict[str, str]:
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(message.id): str(message.string) for message in catalogue if message.string}
