"""The forms of Canonical XML: their identifiers and parameters.

Sources: Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0 (W3C).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from app.cms.verdict import Verdict, unknown
from app.cms.xmldsig.measures import MAX_NAME

# Prefixes in an InclusiveNamespaces; real ones have some five.
MAX_PREFIXES = 64
# Names of one kind that a sentence lists.
MAX_NAMES = 10

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

_INCLUSIVE_NAMESPACES = f"{{{EXCLUSIVE}}}InclusiveNamespaces"


class Undecided(Exception):  # It is named for what it says.
    """A check ends early: `verdict`, unknown or no, has the reason."""

    def __init__(self, verdict: Verdict) -> None:
        """Keep the verdict."""
        super().__init__(verdict)
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class Form:
    """A form of Canonical XML; `prefixes` are those that the exclusive form treats inclusively.

    `version_11` only affects what a part inherits from its ancestors.
    """

    exclusive: bool = False
    comments: bool = False
    version_11: bool = False
    prefixes: tuple[str, ...] = ()


FORMS = {
    C14N: Form(),
    C14N + "#WithComments": Form(comments=True),
    C14N_11: Form(version_11=True),
    C14N_11 + "#WithComments": Form(version_11=True, comments=True),
    EXCLUSIVE: Form(exclusive=True),
    EXCLUSIVE + "WithComments": Form(exclusive=True, comments=True),
}
"""Algorithm of a CanonicalizationMethod or Transform -> form."""


def read_form(method: etree._Element) -> Form:
    """Read a CanonicalizationMethod, or a Transform that canonicalises.

    Raises Undecided for any other.
    """
    uri = method.get("Algorithm", "")
    form = FORMS.get(uri)
    if form is None:
        raise Undecided(unknown("{name} is not supported", name=shortened(uri)))
    if not form.exclusive:
        return form
    inclusive = method.find(_INCLUSIVE_NAMESPACES)
    listed = "" if inclusive is None else inclusive.get("PrefixList", "")
    # Of more prefixes the last one has all the rest.
    is_long = len(listed) > MAX_PREFIXES * MAX_NAME
    prefixes = () if is_long else tuple(listed.split(maxsplit=MAX_PREFIXES))
    if is_long or len(prefixes) > MAX_PREFIXES:
        raise Undecided(unknown("{name} is not supported", name="this InclusiveNamespaces"))
    return Form(exclusive=True, comments=form.comments, prefixes=prefixes)


def shortened(text: str) -> str:
    """Cut a text from a document to a length that fits into a sentence."""
    return text if len(text) <= 100 else text[:100] + "…"


def join_some(names: Sequence[str]) -> str:
    """Join the first of many names for a sentence."""
    more = ["…"] if len(names) > MAX_NAMES else []
    return ", ".join([*names[:MAX_NAMES], *more])
