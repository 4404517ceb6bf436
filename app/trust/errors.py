"""Errors of the operator's trust data, and of requests to other servers."""

from app.cms import Reason


class TrustError(Exception):
    """A sentence: an English template and the values that go into it, as in CmsError."""

    def __init__(self, template: str, **values: object) -> None:
        """Keep the template, in `str.format` notation, and the values by their names in it."""
        super().__init__(template)
        self.reason = Reason(template, values)

    def __str__(self) -> str:
        """Return the sentence in English."""
        return str(self.reason)


class UnreadableFile(TrustError):  # It is named for what it says.
    """A file, or data from an address, is not what it should be."""


class RefusedCertificate(TrustError):  # It is named for what it says.
    """A certificate must not become an anchor."""


class FetchFailed(TrustError):  # It is named for what it says.
    """An address gave no usable answer."""


class AnswerTooLarge(FetchFailed):  # It is named for what it says.
    """An address answered with more bytes than allowed."""
