"""Why there is no form of a signature with its evidence, and no attempt to obtain any."""

from __future__ import annotations

from app.cms import CmsError


class EvidenceOff(CmsError):  # It is named for what it says.
    """This server obtains no evidence."""


class NotInProfile(CmsError):  # As above.
    """The evidence that there is doesn't suffice for a form of the signature."""
