"""The forms of Canonical XML: their identifiers, and what a part inherits in each.

Sources: Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0 (W3C).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from app.cms.verdict import Verdict, unknown
from app.cms.xmldsig.attributes import list_attributes

# Prefixes in an InclusiveNamespaces; real ones have some five.
MAX_PREFIXES = 64
# Names of one kind that a sentence lists.
MAX_NAMES = 10

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

_XML = "{http://www.w3.org/XML/1998/namespace}"
_INCLUSIVE_NAMESPACES = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
_BASE = _XML + "base"
# The attributes that Canonical XML 1.1 inherits from ancestors (section 2.4).
_INHERITED_11 = {_XML + "lang", _XML + "space", _BASE}


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
    prefixes = tuple(listed.split(maxsplit=MAX_PREFIXES))  # The last one has all the rest.
    if len(prefixes) > MAX_PREFIXES:
        raise Undecided(unknown("{name} is not supported", name="this InclusiveNamespaces"))
    return Form(exclusive=True, comments=form.comments, prefixes=prefixes)


def shortened(text: str) -> str:
    """Cut a text from a document to a length that fits into a sentence."""
    return text if len(text) <= 100 else text[:100] + "…"


def join_some(names: Sequence[str]) -> str:
    """Join the first of many names for a sentence."""
    more = ["…"] if len(names) > MAX_NAMES else []
    return ", ".join([*names[:MAX_NAMES], *more])


def inherited_attributes(apex: etree._Element, form: Form) -> dict[str, str]:
    """Return the attributes in XML's namespace that the form inherits from ancestors.

    Raises Undecided if Canonical XML 1.1 requires joining several xml:base (section 2.4).
    """
    above = _attributes_above(apex, form)
    inherited = {name: value for name, value in reversed(above) if name not in apex.attrib}
    if form.version_11:
        bases = [value for name, value in above if name == _BASE]
        if len(bases) > 1 or (bases and _BASE in apex.attrib):
            raise Undecided(unknown("xml:base is not supported in Canonical XML 1.1"))
        if bases == [""]:  # It is not rendered.
            del inherited[_BASE]
    return inherited


def disputed_inheritance(apex: etree._Element, form: Form) -> Verdict | None:
    """Return unknown, with the reason, if ancestors of a part differ in the value of an attribute.

    The nearest one counts (section 2.4), but Java's library uses the farthest.
    """
    nearest: dict[str, str] = {}
    for name, value in _attributes_above(apex, form):
        if name not in apex.attrib and nearest.setdefault(name, value) != value:
            local = etree.QName(name).localname
            return unknown("two different xml:{name} apply", name=local)
    return None


def inherits(name: str, form: Form) -> bool:
    """Return whether a part takes an attribute of that name over from the elements above it."""
    if form.exclusive:
        return False
    return name in _INHERITED_11 if form.version_11 else name.startswith(_XML)


def _attributes_above(apex: etree._Element, form: Form) -> list[tuple[str, str]]:
    """List the attributes that a form inherits, the nearest first; the exclusive form has none."""
    return [
        (name, value)
        for ancestor in (() if form.exclusive else apex.iterancestors())
        for name, value in list_attributes(ancestor)
        if inherits(name, form)
    ]
