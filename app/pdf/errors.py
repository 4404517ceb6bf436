"""Why a PDF can't be read, and why there is no card."""

from __future__ import annotations

from app.cms import CmsError


class UnreadablePdf(CmsError):  # It is named for what it says.
    """A PDF is damaged, encrypted, or beyond a limit; or it is none."""


class NoCard(CmsError):  # As above.
    """There is no card of an electronic document for a signature.

    `is_pending`: what it lacks is still being obtained.
    """

    is_pending = False
