"""References of XML signatures: what is followed, and what each says of its digest."""

import pytest

from app.cms.verdict import Answer
from tests.cms.xml_answers import MISMATCH, answers, check, signed
from tests.pki.xml_signer import C14N, DS, ENVELOPED, Reference, Transform

DOCUMENT = '<a b="1"><b>1000</b> <c/></a>'


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "other.xml",
        "http://127.0.0.1:9/",
        "file:///etc/passwd",
        "#xpointer(/)",
        "cid:part",
        "x" * 1000,
    ],
)
def test_nothing_outside_of_the_document_is_requested(uri: str | None) -> None:
    root = signed(DOCUMENT, Reference(), Reference(uri))
    [checked] = check(root)
    assert checked.intact.answer is Answer.UNKNOWN
    assert str(checked.intact.reasons[0]) == (
        f"references to {'-' if uri is None else uri if len(uri) < 100 else 'x' * 100 + '…'}"
        " are not followed"
    )


@pytest.mark.parametrize(
    "transform",
    [
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        f"{DS}base64",
        "",
    ],
)
def test_other_transforms_are_not_supported(transform: str) -> None:
    reference = Reference(transforms=(Transform(ENVELOPED), Transform(transform)))
    [checked] = check(signed(DOCUMENT, reference))
    assert checked.intact.answer is Answer.UNKNOWN
    assert str(checked.intact.reasons[0]) == f"{transform} is not supported"


@pytest.mark.parametrize("after", [ENVELOPED, C14N])
def test_nothing_follows_canonicalisation(after: str) -> None:
    reference = Reference(transforms=(Transform(ENVELOPED), Transform(C14N), Transform(after)))
    assert answers(signed(DOCUMENT, reference)) == [
        "a transform after canonicalisation is not supported"
    ]


def test_without_canonicalisation_the_usual_one_is_meant() -> None:
    assert answers(signed(DOCUMENT, Reference(transforms=[Transform(ENVELOPED)]))) == ["yes"]


def test_an_unknown_digest_is_not_supported() -> None:
    [checked] = check(signed(DOCUMENT, Reference(method="urn:x")))
    assert checked.intact.answer is Answer.UNKNOWN
    assert str(checked.intact.reasons[0]) == "urn:x is not supported"


def test_all_references_must_match() -> None:
    other = Reference(signed=b"other")
    for references in ([Reference(), other], [other, Reference()]):
        assert answers(signed(DOCUMENT, *references)) == [MISMATCH]
    # What doesn't match outweighs what is unknown.
    assert answers(signed(DOCUMENT, Reference("urn:x"), other)) == [MISMATCH]
