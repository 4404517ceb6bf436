"""The attributes in XML's namespace that a part of a document inherits when it is canonicalised.

Inclusive Canonical XML takes them over from the elements around the part (Canonical XML 1.0 and
1.1, section 2.4); the exclusive form does not.
"""

from lxml import etree

from app.cms.verdict import Verdict, unknown
from app.cms.xmldsig.canonical_budget import TOO_COSTLY, Budget
from app.cms.xmldsig.canonical_forms import Form, Undecided

XML = "{http://www.w3.org/XML/1998/namespace}"
# Such attributes that are inherited, of different names, and characters in them: XML defines four.
# libxml2 looks for each that is set among all others, and sorts them.
MAX_INHERITED, MAX_CHARACTERS = 16, 100_000
# Cost of visiting an element around a part, and of an attribute there.
_LOOK, _ATTRIBUTE = 50, 50
_BASE = XML + "base"
# The attributes that Canonical XML 1.1 inherits from ancestors (section 2.4).
_INHERITED_11 = {XML + "lang", XML + "space", _BASE}


class Inheritance:
    """What the parts of one document inherit; each element is read once."""

    def __init__(self, budget: Budget) -> None:
        """Take the budget."""
        self._budget = budget
        self._known: dict[etree._Element, tuple[tuple[str, str], ...]] = {}

    def inherited(self, apex: etree._Element, form: Form) -> dict[str, str]:
        """Return the attributes that the form takes over from the ancestors of a part.

        Raises Undecided if Canonical XML 1.1 requires joining several xml:base (section 2.4), or if
        there are too many.
        """
        above = self._above(apex, form)
        own = {name for name, _ in self._read(apex)} if above else set()
        inherited = {name: value for name, value in reversed(above) if name not in own}
        if form.version_11:
            bases = [value for name, value in above if name == _BASE]
            if len(bases) > 1 or (bases and _BASE in own):
                raise Undecided(unknown("xml:base is not supported in Canonical XML 1.1"))
            if bases == [""]:  # It is not rendered.
                del inherited[_BASE]
        return inherited

    def disputed(self, apex: etree._Element, form: Form) -> Verdict | None:
        """Return unknown, with the reason, if ancestors differ in the value of an attribute.

        The nearest one counts (section 2.4), but Java's library uses the farthest. Raises Undecided
        if there are too many.
        """
        above = self._above(apex, form)
        own = {name for name, _ in self._read(apex)} if above else set()
        nearest: dict[str, str] = {}
        for name, value in above:
            if name not in own and nearest.setdefault(name, value) != value:
                local = etree.QName(name).localname
                return unknown("two different xml:{name} apply", name=local)
        return None

    def in_scope(self, element: etree._Element) -> list[tuple[etree._Element, str, str]]:
        """List the attributes above an element: where they are, name and value, the nearest first.

        Raises Undecided if there are too many.
        """
        found = []
        for ancestor in element.iterancestors():
            self._budget.spend(_LOOK)
            found += [(ancestor, name, value) for name, value in self._read(ancestor)]
        return found

    def _above(self, apex: etree._Element, form: Form) -> list[tuple[str, str]]:
        """List the attributes that a form inherits, the nearest first. Raises Undecided."""
        if form.exclusive:
            return []
        above = [(name, value) for _, name, value in self.in_scope(apex) if inherits(name, form)]
        self._budget.spend(_ATTRIBUTE * len(above))
        _check_number(above)
        return above

    def _read(self, element: etree._Element) -> tuple[tuple[str, str], ...]:
        """Return names and values of an element's attributes in XML's namespace."""
        if element not in self._known:
            self._budget.spend(_ATTRIBUTE * len(element.attrib))
            names = [name for name in map(str, element.attrib) if name.startswith(XML)]
            _check_number([(name, "") for name in names])
            # libxml2 goes through all attributes for each.
            self._budget.spend(_ATTRIBUTE * len(element.attrib) * len(names))
            self._known[element] = tuple((name, element.get(name, "")) for name in names)
        return self._known[element]


def inherits(name: str, form: Form) -> bool:
    """Return whether a part takes an attribute of that name over from the elements above it."""
    if form.exclusive:
        return False
    return name in _INHERITED_11 if form.version_11 else name.startswith(XML)


def _check_number(attributes: list[tuple[str, str]]) -> None:
    names = {name for name, _ in attributes}
    if len(names) > MAX_INHERITED or sum(len(value) for _, value in attributes) > MAX_CHARACTERS:
        raise Undecided(TOO_COSTLY)
