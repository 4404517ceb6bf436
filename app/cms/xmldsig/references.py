"""The references of a signature in XML: is what each refers to what was signed?

A Reference is followed within the document, never outside (XMLDSig section 4.4.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from lxml import etree

from app.cms.algorithms import registry as algorithms
from app.cms.verdict import Answer, Verdict, no, unknown
from app.cms.xmldsig.canonical_forms import Form, Undecided, join_some, read_form, shortened
from app.cms.xmldsig.document import SignedDocument
from app.cms.xmldsig.security_tokens import DS
from app.cms.xmldsig.signatures import decode_value, find_child

#: The target of a reference, None: the document.
Target: TypeAlias = etree._Element | None  # noqa: SLF001 - lxml's only type

_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"


@dataclass(frozen=True, slots=True)
class Covered:
    """What the references of a signature cover.

    `forms` has each target with the forms in which it is canonicalised, `intact` those whose digest
    matches, and `left_out` the numbers of the signatures that one of these digests excludes.
    """

    forms: dict[Target, list[Form]] = field(default_factory=dict)
    intact: set[Target] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Reference:
    """A Reference (XMLDSig section 4.4.3); `method` is the URI of its digest.

    `apex` is the element that it refers to, None for the document.
    """

    apex: Target
    enveloped: bool
    form: Form
    method: str
    value: bytes


def check_references(
    document: SignedDocument, number: int, signed_info: etree._Element
) -> tuple[list[Verdict], Covered]:
    """Return a verdict on each Reference, and what they cover."""
    verdicts: list[Verdict] = []
    covered = Covered()
    for element in signed_info.findall(DS + "Reference"):
        try:
            reference = _read_reference(document, number, element)
            covered.forms.setdefault(reference.apex, []).append(reference.form)
            verdict = _match(document, number, reference, covered.left_out)
            if verdict.answer is Answer.YES:
                covered.intact.add(reference.apex)
        except Undecided as undecided:
            verdict = undecided.verdict
        verdicts.append(verdict)
    return verdicts, covered


def _read_reference(document: SignedDocument, number: int, element: etree._Element) -> _Reference:
    """Read a Reference of signature `number`. Raises Undecided if it can't be followed."""
    apex = document.find(element.get("URI"))
    enveloped = False
    form: Form | None = None
    transforms = element.find(DS + "Transforms")
    for transform in () if transforms is None else transforms.iterchildren("*"):
        if form is not None:
            raise Undecided(unknown("a transform after canonicalisation is not supported"))
        if transform.get("Algorithm") == _ENVELOPED:
            enveloped = True
        else:
            form = read_form(transform)
    method = find_child(element, "DigestMethod", number).get("Algorithm", "")
    value = decode_value(find_child(element, "DigestValue", number), number)
    # Octets are needed, and this is how nodes are converted (section 4.4.3.2).
    return _Reference(apex, enveloped, form or Form(), method, value)


def _match(
    document: SignedDocument, number: int, reference: _Reference, excluded: set[int]
) -> Verdict:
    """Return whether a digest is that of the document, or of the part that is referred to.

    The signatures that it excludes are added to `excluded`.

    References that are empty or name an Id exclude comments (section 4.4.3.3), even if the
    transform's name says that it keeps them. Not all signing programs follow that; so digests made
    by the transform's name are accepted too.
    """
    oid = algorithms.DIGEST_URIS.get(reference.method)
    if oid is None:
        return unknown("{name} is not supported", name=shortened(reference.method))
    form = reference.form
    forms = [replace(form, comments=False)]
    if form.comments and document.has_comments:
        forms.append(form)
    choices = [frozenset[int]()]
    if reference.enveloped:
        choices = document.left_out(number, reference.apex)
    for tried in forms:
        for left_out in choices:
            digest = document.canonicaliser.digest(oid, reference.apex, tried, left_out)
            if digest == reference.value:
                excluded |= left_out
                verdict = document.exclusions.judge(left_out, comments_signed=tried.comments)
                prefixes = document.canonicaliser.undeclared(reference.apex, tried, left_out)
                return _note_prefixes(verdict, prefixes)
    return _explain_mismatch(document, reference, oid)


def _note_prefixes(verdict: Verdict, prefixes: Sequence[str]) -> Verdict:
    if not prefixes:
        return verdict
    return verdict.noting(
        "the declarations of prefixes in values are not signed: {parts}",
        parts=join_some(list(map(shortened, prefixes))),
    )


def _explain_mismatch(document: SignedDocument, reference: _Reference, oid: str) -> Verdict:
    """Return what a different digest proves. Raises Undecided."""
    disputed = document.canonicaliser.disputed(reference.apex, reference.form)
    if disputed:
        return disputed
    if document.absent.may_be_replaced(reference.apex):
        return unknown("a part of the signed data is encrypted, or is stored elsewhere")
    return no(
        "the content is not what was signed: its digest ({algorithm}) is another",
        algorithm=algorithms.name(oid),
    )
