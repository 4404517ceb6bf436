"""Real signatures of the NCA's test persons, where their folder is at hand."""

from pathlib import Path

import pytest

from app.cms.parsing import parse
from app.cms.signed_data.parsing import SignedData
from app.cms.xmldsig.parsing import SignedXml
from tests.cms.conftest import Refusal

GOST_2015 = "1.2.398.3.10.1.1.2.3.2"
RSA = "1.2.840.113549.1.1.11"


def read(path: Path) -> str:
    """Read a text with its line ends as they are."""
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("name", "content_size", "algorithms"),
    [
        ("rsa_attached", 7, {RSA}),
        ("two_signers_gost2015_rsa_attached", 7, {GOST_2015, RSA}),
        ("two_signers_gost2015_rsa_detached", None, {GOST_2015, RSA}),
        ("two_signers_detached_over_b5eb2dd76d", None, {GOST_2015, RSA}),
        ("gost2015_individual_attached_timestamp", 86, {GOST_2015}),
        ("gost2004_legal_detached", None, {"1.2.398.3.10.1.1.1.1"}),
    ],
)
def test_real_cms_signatures_are_accepted(
    vectors: Path, name: str, content_size: int | None, algorithms: set[str]
) -> None:
    signed = parse(read(vectors / "cms" / f"{name}.b64"))
    assert isinstance(signed, SignedData)
    assert signed.content_size == content_size
    assert signed.attached is (content_size is not None)
    assert {signer.signature_algorithm.oid for signer in signed.signers} == algorithms


@pytest.mark.parametrize(
    ("name", "signatures"), [("rsa_enveloped", 1), ("two_signers_rsa_then_gost2015", 2)]
)
def test_real_xml_signatures_are_accepted(vectors: Path, name: str, signatures: int) -> None:
    signed = parse(read(vectors / "xml" / f"{name}.xml"))
    assert isinstance(signed, SignedXml)
    assert [signature.references for signature in signed.signatures] == [1] * signatures


@pytest.mark.parametrize("name", ["pem_cms", "crlf_76", "plus_as_space"])
def test_armours_of_a_real_signature_give_the_same_bytes(vectors: Path, name: str) -> None:
    plain = parse(read(vectors / "cms" / "gost2015_individual_attached_timestamp.b64"))
    assert parse(read(vectors / "armour" / f"{name}.txt")) == plain


def test_a_real_cms_without_signer_is_refused(vectors: Path, refusal: Refusal) -> None:
    text = read(vectors / "cms" / "bad_zero_signers.b64")
    assert refusal(text) == "cms: SignedData has no signer"


def test_a_real_truncated_cms_is_refused_as_truncated(vectors: Path, refusal: Refusal) -> None:
    assert "truncated" in refusal(read(vectors / "armour" / "truncated.txt"))
