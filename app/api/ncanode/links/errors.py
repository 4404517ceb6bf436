"""Why no link can be made."""

from __future__ import annotations

from app.cms import CmsError


class PagesOff(CmsError):  # It is named for what it says.
    """This server has no page for a link to lead to."""
