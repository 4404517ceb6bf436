"""The language of messages for a caller: English, Russian or Kazakh."""

from __future__ import annotations

from flask import Request, current_app

from app.caching import note_language
from app.wording.sentences import Wording

#: Requested language -> the catalogue. `kz` is the original's code for Kazakh.
LOCALES = {"en": "en", "ru": "ru", "kk": "kk", "kz": "kk"}


#: The WSGI key of the language that a page was asked for in its address.
IN_ADDRESS = "tanbahana.language_in_address"


def choose_locale(request: Request) -> str:
    """Return the language of a request, English if it has none.

    A page's address names it, else the `api-locale` header, else `Accept-Language`.
    """
    note_language(request)
    chosen: str | None = request.environ.get(IN_ADDRESS)
    if chosen:
        return chosen
    wanted = request.headers.get("api-locale")
    if wanted:
        return LOCALES.get(_primary(wanted), "en")
    for language, quality in request.accept_languages:  # highest quality first
        if _primary(language) in LOCALES and quality > 0:
            return LOCALES[_primary(language)]
    return "en"


def _primary(language: str) -> str:
    """Return the language of a tag such as ru-KZ (RFC 5646), or of a name such as ru_RU."""
    return language.strip().lower().replace("_", "-").partition("-")[0]


def choose_wording(request: Request) -> Wording:
    """Return the wording of sentences for the caller: times are in the zone of the settings."""
    return Wording(choose_locale(request), current_app.config["TIMEZONE"])
