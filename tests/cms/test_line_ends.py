"""Content whose line ends a tool changed when it signed, as `openssl smime` does with LF."""

import pytest

from app.cms.verdict import FITS_WITH_CRLF, Answer
from app.cms.verification.comparison import compare
from app.cms.verification.status import SignerStatus
from app.cms.verification.verifier import Verifier
from tests import pki
from tests.cms.judging import text
from tests.pki import SIGNING_TIME

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
LF, CRLF = b"one\ntwo\r\nthree", b"one\r\ntwo\r\nthree"
IVAN = pki.person()


def verify(
    signed: bytes, given: bytes, *, attached: bool = False, plain: bool = False
) -> SignerStatus:
    """Verify a signature over `signed`, with `given` as its content."""
    info = pki.signer_info(IVAN, signed, signed=None if plain else ())
    signature = pki.read(pki.signed_data([info], [IVAN], signed if attached else None))
    [status] = Verifier().verify(signature, given, at=SIGNING_TIME)
    assert compare(signature, given) == (status.intact,)
    return status


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("plain", [True, False])
def test_content_that_fits_with_crlf_in_place_of_lf_is_unknown(attached: bool, plain: bool) -> None:
    status = verify(CRLF, LF, attached=attached, plain=plain)
    assert (status.intact.answer, status.valid.answer) == (UNKNOWN, YES)
    assert "with CRLF in place of LF it is" in text(status.intact)
    assert status.fits_with_crlf


@pytest.mark.parametrize("attached", [True, False])
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize(
    ("signed", "given"), [(LF, CRLF), (CRLF, LF + b"!"), (CRLF, b"one\rtwo"), (CRLF, b"")]
)
def test_nothing_else_is_forgiven(signed: bytes, given: bytes, attached: bool, plain: bool) -> None:
    status = verify(signed, given, attached=attached, plain=plain)
    assert status.intact.answer is NO
    assert not status.fits_with_crlf


@pytest.mark.parametrize("attached", [True, False])
def test_content_as_it_was_signed_is_intact_whatever_its_line_ends(attached: bool) -> None:
    for content in (LF, CRLF):
        status = verify(content, content, attached=attached)
        assert status.intact.answer is YES
        assert not status.fits_with_crlf


def test_attached_content_is_taken_as_it_stands() -> None:
    """The content was not given: that it would match with other line ends is no excuse."""
    info = pki.signer_info(IVAN, CRLF)
    [status] = Verifier().verify(pki.read(pki.signed_data([info], [IVAN], LF)), at=SIGNING_TIME)
    assert status.intact.answer is NO


def test_signers_are_compared_one_by_one() -> None:
    infos = [pki.signer_info(IVAN, content) for content in (LF, CRLF, b"another")]
    signature = pki.read(pki.signed_data(infos, [IVAN], None))
    intact, fits, differs = compare(signature, LF)
    assert intact.answer is YES
    assert fits == FITS_WITH_CRLF
    assert differs.answer is NO
