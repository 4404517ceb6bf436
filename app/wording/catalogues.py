"""Russian and Kazakh translations of English messages.

They are gettext catalogues beside this file, read directly from `.po`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent / "translations"

#: English is the language of the templates; each other language has a catalogue.
LANGUAGES = ("ru", "kk", "en")


def translate(template: str, language: str) -> str:
    """Return a sentence in another language; unchanged if there is no translation."""
    return template if language == "en" else _catalogue(language).get(template, template)


def _catalogue(language: str) -> dict[str, str]:
    return read_catalogue(CATALOGUES / language / "LC_MESSAGES" / "messages.po", language)


@cache
def read_catalogue(path: Path, language: str) -> dict[str, str]:
    """Return the translations in a file by their English messages."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(message.id): str(message.string) for message in catalogue if message.string}
