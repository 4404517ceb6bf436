"""What can go wrong with what the operator trusts, or with asking others about it."""

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


class UnreadableFile(TrustError):  # It reads as what it says.
    """A file, or what came from an address, is not what it should be."""


class RefusedCertificate(TrustError):  # It reads as what it says.
    """A certificate must not become an anchor."""


class FetchFailed(TrustError):  # It reads as what it says.
    """An address gave no answer that can be used."""


class AnswerTooLarge(FetchFailed):  # It reads as what it says.
    """An address answered with more than is read."""
