"""A second implementation of Canonical XML, in plain Python over expat, for comparison only.

It shares nothing with lxml or libxml2. It knows documents without DTD, and canonicalises all of one
or an element in its place, with or without some of what is below (Canonical XML 1.0 and 1.1,
Exclusive XML Canonicalization 1.0, W3C). It doesn't join several xml:base, as 1.1 would have it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from xml.parsers import expat

from app.cms.xmldsig.canonical_forms import Form

XML = "http://www.w3.org/XML/1998/namespace"
INHERITED_11 = {"xml:lang", "xml:space", "xml:base"}
_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
_ATTRIBUTE = {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}


@dataclass(eq=False)
class Node:
    """An element, or (`name` is None) what is written as it stands: text, comment, instruction.

    The document is an element whose name is empty.
    """

    name: str | None
    parent: Node | None = None
    text: str = ""
    is_comment: bool = False
    #: Prefix ("" for none) -> namespace name, as declared on this very element.
    declared: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    def scope(self) -> dict[str, str]:
        """Return all namespaces that are in scope."""
        above = self.parent.scope() if self.parent else {}
        return {**above, **self.declared}

    def elements(self) -> list[Node]:
        """Return this element and all below, in document order."""
        below = [found for child in self.children if child.name for found in child.elements()]
        return [self, *below] if self.name else below


def parse(document: bytes) -> Node:
    """Return a document."""
    top = Node("")
    stack = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        node = Node(name, stack[-1] if len(stack) > 1 else None)
        for key, value in attributes.items():
            prefix, _, local = key.rpartition(":")
            if key == "xmlns" or prefix == "xmlns":
                node.declared[local if prefix else ""] = value
            else:
                node.attributes[key] = value
        stack[-1].children.append(node)
        stack.append(node)

    def text(data: str) -> None:
        stack[-1].children.append(Node(None, text=_escape(data, _TEXT)))

    def comment(data: str) -> None:
        stack[-1].children.append(Node(None, text=f"<!--{data}-->", is_comment=True))

    def instruction(target: str, data: str) -> None:
        written = f"<?{target} {data}?>" if data else f"<?{target}?>"
        stack[-1].children.append(Node(None, text=written))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = text
    parser.CommentHandler = comment
    parser.ProcessingInstructionHandler = instruction
    parser.Parse(document, True)
    return top


def canonicalise(apex: Node, form: Form, left_out: Set[Node] = frozenset()) -> bytes:
    """Return the canonical form of an element in its place, or of the document."""
    if apex.name:
        return _write(apex, form, {}, apex, left_out).encode()
    written = [_write(node, form, {}, node, left_out) for node in apex.children]
    return "\n".join(text for text in written if text).encode()


def _write(
    node: Node, form: Form, rendered: dict[str, str], apex: Node, left_out: Set[Node]
) -> str:
    if node in left_out:
        return ""
    if node.name is None:
        return "" if node.is_comment and not form.comments else node.text
    scope = node.scope()
    wanted = _rendered_namespaces(node, form, scope)
    new = {
        prefix: name
        for prefix, name in wanted.items()
        if rendered.get(prefix, "" if prefix == "" else None) != name
    }
    rendered = {**rendered, **new}
    attributes = dict(node.attributes)
    if node is apex and not form.exclusive:
        for name, value in _inherited(node, form).items():
            attributes.setdefault(name, value)
    ordered = sorted(attributes.items(), key=lambda each: _order(each[0], scope))
    parts = [f"<{node.name}"]
    for prefix, name in sorted(new.items()):
        key = f"xmlns:{prefix}" if prefix else "xmlns"
        parts.append(f' {key}="{_escape(name, _ATTRIBUTE)}"')
    parts += [f' {name}="{_escape(value, _ATTRIBUTE)}"' for name, value in ordered]
    inner = "".join(_write(child, form, rendered, apex, left_out) for child in node.children)
    return f"{''.join(parts)}>{inner}</{node.name}>"


def _rendered_namespaces(node: Node, form: Form, scope: dict[str, str]) -> dict[str, str]:
    """Return what the form renders for an element, whether it stands above already or not."""
    in_scope = {prefix: name for prefix, name in scope.items() if prefix != "xml"}
    if form.exclusive:
        used = {name.rpartition(":")[0] for name in node.attributes if ":" in name}
        used |= {(node.name or "").rpartition(":")[0], *form.prefixes}
        if "#default" in form.prefixes:
            used.add("")
        in_scope = {prefix: name for prefix, name in in_scope.items() if prefix in used}
        if "" in used:
            in_scope.setdefault("", "")
        return in_scope
    return {"": "", **in_scope}


def _inherited(apex: Node, form: Form) -> dict[str, str]:
    found: dict[str, str] = {}
    above = apex.parent
    while above:
        for name, value in above.attributes.items():
            if name.startswith("xml:") and (not form.version_11 or name in INHERITED_11):
                found.setdefault(name, value)
        above = above.parent
    if form.version_11 and not found.get("xml:base"):
        found.pop("xml:base", None)
    return found


def _order(name: str, scope: dict[str, str]) -> tuple[str, str]:
    prefix, _, local = name.rpartition(":")
    return ({**scope, "xml": XML}[prefix] if prefix else "", local)


def _escape(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
