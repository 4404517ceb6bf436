"""What can be wrong with a signature, as a sentence for the one who sent it."""

from typing import NoReturn

from app.cms.sentences import fill


class CmsError(Exception):
    """A sentence about a signature: an English template and the values that go into it.

    The template stays apart from its values, so that whoever answers may translate it first.
    """

    def __init__(self, template: str, **values: object) -> None:
        """Keep the template, in `str.format` notation, and the values by their names in it."""
        super().__init__(template)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        """Return the sentence in English."""
        return fill(self.template, self.values)


class MalformedSignature(CmsError):  # It reads as what it says.
    """The text is no well-formed signature, or costs more to read than a signature may."""


def refuse_number(field: str, limit: int) -> NoReturn:
    """Raise MalformedSignature because there are more than `limit` of the RFC's `field`."""
    raise MalformedSignature("cms: {field}: more than {limit}", field=field, limit=limit)


class UnverifiedSignature(CmsError):  # It reads as what it says.
    """A signature is bad, or it could not be told whether it is good, where that is demanded."""


class Undecidable(CmsError):  # It reads as what it says.
    """Whether something holds can't be told here, with what this program knows and may spend."""


class UnsupportedAlgorithm(Undecidable):  # It reads as what it says.
    """An algorithm, or a parameter of one, is not known here: whether it verifies stays unknown."""

    def __init__(self, name: str) -> None:
        """Keep the algorithm's name, or its object identifier if it has none here."""
        super().__init__("{name} is not supported", name=name)


class TooCostly(Undecidable):  # It reads as what it says.
    """To find it out would take more time than one signature may."""
