"""What can be wrong with a signature, as a sentence for its sender."""

from typing import NoReturn

from app.cms.sentences import PARAMETER, fill


class CmsError(Exception):
    """A sentence about a signature: an English template and the values that go into it.

    The template stays apart from its values, so that it can be translated before it is sent.
    """

    def __init__(self, template: str, **values: object) -> None:
        """Keep the template, in `str.format` notation, and the values by their names in it."""
        super().__init__(template)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        """Return the sentence in English."""
        return fill(self.template, self.values)


class MalformedSignature(CmsError):  # It is named for what it says.
    """The text is no well-formed signature, or costs more to read than a signature may.

    Its sentence begins with `cms`, the parameter that most signatures come in.
    """

    def named(self, parameter: str) -> "MalformedSignature":
        """Return the error with the name of the parameter that was sent; with none if empty."""
        return MalformedSignature(self.template, **{**self.values, PARAMETER: parameter})


def refuse_number(field: str, limit: int) -> NoReturn:
    """Return MalformedSignature because there are more than `limit` of the RFC's `field`."""
    raise MalformedSignature("cms: {field}: more than {limit}", field=field, limit=limit)


class UnverifiedSignature(CmsError):  # It is named for what it says.
    """A signature is bad, or can't be determined to be good, where that is required."""


class Undecidable(CmsError):  # It is named for what it says.
    """Whether something holds can't be determined with this program's knowledge and budget."""


class UnsupportedAlgorithm(Undecidable):  # It is named for what it says.
    """An algorithm, or a parameter of one, is not supported: whether it verifies stays unknown."""

    def __init__(self, name: str) -> None:
        """Keep the algorithm's name, or its object identifier if it has none here."""
        super().__init__("{name} is not supported", name=name)


class TooCostly(Undecidable):  # It is named for what it says.
    """To determine it would take more time than one signature may cost."""
