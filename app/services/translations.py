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
        return LOCALES.get(wanted.strip().lower(), "en")
    for language, quality in request.accept_languages:  # highest quality first
        primary = language.lower().partition("-")[0]
        if primary in LOCALES and quality > 0:
            return LOCALES[primary]
    return "en"


def choose_wording(request: Request) -> Wording:
    """Return the wording of sentences for the caller: times are in the zone of the settings."""
    return Wording(choose_locale(request), current_app.config["TIMEZONE"])
