"""Pages as answers: a template, and the headers that no page goes without."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, current_app, render_template, request, url_for

from app.auth import caller, caller_name
from app.cms import neutralise
from app.services.translations import IN_ADDRESS
from app.web import texts
from app.web.assets import asset_url
from app.web.forms import form_token
from app.web.masking import mask_numbers
from app.web.unread import unread_names

#: The sources of each kind (Content Security Policy Level 3): all from here, nothing inline.
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'none'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: forms would be sent with `Origin: null` (the Fetch standard, section 3.2).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
#: The pages of those who are not the office.
_OUTSIDERS = ("/sign/", "/v/")


def render(
    template: str,
    status: int = 200,
    *,
    policy: Mapping[str, str] | None = None,
    hides_numbers: bool = False,
    **values: Any,
) -> Response:
    """Answer with a page in the reader's language.

    Args:
        template: the name of its file.
        status: the HTTP status.
        policy: sources that this page has beside, or in place of, `POLICY`.
        hides_numbers: whether personal numbers are masked but for their end, wherever they stand.
        values: what the template shows.
    """
    bearer, is_office = caller(), not request.path.startswith(_OUTSIDERS)
    signed_in = is_office and (bearer is not None or not current_app.config["AUTH"])
    html = render_template(
        template,
        t=texts.translated,
        time=texts.write_time,
        now=_now,
        day_and_time=texts.write_short,
        zone=str(current_app.config["TIMEZONE"]),
        chosen_language=request.environ.get(IN_ADDRESS),
        sentence=texts.sentence,
        language=texts.language(),
        languages=texts.LANGUAGES,
        asset=asset_url,
        page=page_url,
        in_language=_in_language,
        form_token=form_token,
        unread=unread_names(),
        caller=caller_name(),
        signed_in=signed_in,
        sees_packages=signed_in and (bearer is None or bearer.tag_prefix is None),
        has_verify=current_app.config["PUBLIC_VERIFY"],
        **values,
    )
    # Any text may have marks that change the direction in which it is read (UAX #9).
    html = neutralise(html)
    if hides_numbers:
        html = mask_numbers(html)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers.update(HEADERS)
    response.headers["Content-Language"] = texts.language()
    sources = POLICY | dict(policy or {})
    response.headers["Content-Security-Policy"] = "; ".join(map(" ".join, sources.items()))
    return response


def page_url(endpoint: str, **values: Any) -> str:
    """Return the address of a page, in the language that this one was asked for in its address."""
    chosen = request.environ.get(IN_ADDRESS)
    if chosen:
        values.setdefault("lang", chosen)
    return url_for(f"web.{endpoint}", **values)


def public_url(endpoint: str, **values: Any) -> str:
    """Return the address of a page for use elsewhere: below PUBLIC_URL, if that is known.

    Without a language, so that it is each reader's own.
    """
    path = url_for(f"web.{endpoint}", **values)
    public: str | None = current_app.config["PUBLIC_URL"]
    if public:
        return public + path.removeprefix(request.script_root)
    return request.host_url.rstrip("/") + path


def _now() -> datetime:
    return datetime.now(UTC)


def _in_language(code: str) -> str:
    """Return the address of this page in another language."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{request.script_root}{quote(request.path)}?{urlencode([*kept, ('lang', code)])}"
