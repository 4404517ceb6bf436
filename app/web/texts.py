"""The texts of pages in the reader's language.

They are English in the templates, and have catalogues of their own beside this file; the reasons
that verification gives are those of `app.wording`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flask import current_app, request

from app.cms import Reason, Sentence
from app.services.translations import choose_locale, choose_wording
from app.wording.catalogues import read_catalogue

CATALOGUES = Path(__file__).with_name("translations")
#: The languages of the switch, each named in itself.
LANGUAGES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}


def language() -> str:
    """Return the language of the page."""
    return choose_locale(request)


def text(template: str) -> str:
    """Mark a text that is translated elsewhere."""
    return template


def translated(text: str, /, **values: object) -> str:
    """Return a text of a page in its language, with values in it."""
    used = language()
    if used != "en":
        path = CATALOGUES / used / "LC_MESSAGES" / "messages.po"
        text = read_catalogue(path, used).get(text, text)
    return text.format(**values) if values else text


def write_short(moment: datetime) -> str:
    """Return a time in the zone of the settings, to the minute, for lists."""
    return f"{_localized(moment):%Y-%m-%d %H:%M}"


def write_time(moment: datetime) -> str:
    """Return a time in the zone of the settings, with that zone's offset."""
    local = _localized(moment)
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} (UTC{offset[:3]}:{offset[3:5]})"


def _localized(moment: datetime) -> datetime:
    try:
        return moment.astimezone(current_app.config["TIMEZONE"])
    except OverflowError:  # The last second of 9999, of certificates that never end.
        return moment.astimezone(UTC)


def sentence(one: Sentence) -> str:
    """Return a reason, or an error, as a sentence, with times as all of a page are written."""
    return choose_wording(request).sentence(_with_times(one))


def _with_times(one: Sentence) -> Reason:
    return Reason(one.template, {name: _write(name, value) for name, value in one.values.items()})


def _write(name: str, value: object) -> object:
    if isinstance(value, Reason):
        return _with_times(value)
    if name == "algorithm" and isinstance(value, str):
        return write_algorithm(value)
    return write_time(value) if isinstance(value, datetime) else value


def write_algorithm(name: str) -> str:
    """Return the name of an algorithm, of which that of a signature names a key and a hash."""
    key, is_pair, digest = name.partition(" with ")
    return translated("{key} with {digest}", key=key, digest=digest) if is_pair else name
