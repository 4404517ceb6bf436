"""In which language an error is told: English, Russian or Kazakh.

The translations are gettext catalogues beside this file, read as they are written: `.po`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from flask import Request

from app.caching import note_language

#: What a client may ask for -> the catalogue. `kz` is what the original calls Kazakh.
LOCALES = {"en": "en", "ru": "ru", "kk": "kk", "kz": "kk"}

CATALOGUES = Path(__file__).parent / "translations"


def choose_locale(request: Request) -> str:
    """Return the language of the `api-locale` header, else of `Accept-Language`, else English."""
    note_language(request)
    wanted = request.headers.get("api-locale")
    if wanted:
        return LOCALES.get(wanted.strip().lower(), "en")
    for language, quality in request.accept_languages:  # the most wanted first
        primary = language.lower().partition("-")[0]
        if primary in LOCALES and quality > 0:
            return LOCALES[primary]
    return "en"


def translate(template: str, locale: str) -> str:
    """Return a sentence in another language; where there is none, as it is."""
    return template if locale == "en" else _catalogue(locale).get(template, template)


@cache
def _catalogue(locale: str) -> dict[str, str]:
    with (CATALOGUES / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=locale)
    return {str(message.id): str(message.string) for message in catalogue if message.string}
