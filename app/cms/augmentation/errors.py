"""Why a signature can't be given a form."""

from app.cms.verdict import Reason

#: Of a document in which not everything that its signatures refer to is verified.
NOT_KNOWN = Reason("whether evidence inside would change what is signed is not known")


class CannotAugment(Exception):
    """The evidence doesn't suffice for a profile, or doesn't fit in; `reason` is the sentence."""

    def __init__(self, template: str, **values: object) -> None:
        """Keep the template, in `str.format` notation, and the values by their names in it."""
        super().__init__(template)
        self.reason = Reason(template, values)

    def __str__(self) -> str:
        """Return the sentence in English."""
        return str(self.reason)
