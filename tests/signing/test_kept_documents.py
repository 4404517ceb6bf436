"""Documents that are kept: signatures are compared with them, and versions refer to them."""

from __future__ import annotations

import pytest

from app.cms import STREEBOG_512
from app.signing import documents
from app.signing.documents import KeptDocument, find_documents
from app.signing.refusals import Refusal
from app.signing.saving import sign_document
from app.signing.submission import Submission, read_signature
from tests import pki
from tests.api.people import ivan
from tests.gost_signer import GOST_2015_512
from tests.pki import CONTENT
from tests.signing.desk import IVAN, Desk, signed
from tests.signing.kept import keep
from tests.store.contents.kept import read_whole

GOST = pki.certify(ivan().subject, pki.gost_key("ivan", GOST_2015_512), pki.authority(), pki.PERSON)


def kept(desk: Desk, token: str) -> KeptDocument:
    with desk.engine.connect() as connection:
        return find_documents(connection, desk.engine, None, desk.open(token))[1]


def sign_kept(desk: Desk, token: str, text: str) -> int:
    store = desk.store
    signature = read_signature(store.trust.turns, text)
    submission = Submission(1, signature, "ncalayer", b"ignored", kept(desk, token))
    return sign_document(store, token, submission).version


def test_a_version_refers_to_the_document_that_was_signed(desk: Desk) -> None:
    public_id = desk.put(IVAN, sha256=None)
    keep(desk.engine, public_id, CONTENT)
    token = desk.token(public_id)
    assert sign_kept(desk, token, signed(ivan())) == 1
    found, data = read_whole(desk.engine)
    assert data == CONTENT
    assert found.media_type == "application/pdf"


@pytest.mark.parametrize("algorithms", [(STREEBOG_512,), ()])
def test_a_gost_signature_is_compared_by_its_digest_if_that_is_kept(
    desk_on_file: Desk, monkeypatch: pytest.MonkeyPatch, algorithms: tuple[str, ...]
) -> None:
    desk = desk_on_file
    public_id = desk.put(IVAN)
    keep(desk.engine, public_id, CONTENT, algorithms=algorithms)
    token = desk.token(public_id)
    if algorithms:
        monkeypatch.setattr(KeptDocument, "pieces", None)  # It is not read.
    assert sign_kept(desk, token, signed(GOST)) == 1


def test_a_large_document_without_the_digest_can_t_be_compared(
    desk_on_file: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_on_file
    public_id = desk.put(IVAN)
    keep(desk.engine, public_id, CONTENT)
    token = desk.token(public_id)
    monkeypatch.setattr(documents, "MAX_WHOLE", 3)
    with pytest.raises(Refusal, match="document_needed"):
        sign_kept(desk, token, signed(GOST))


def test_another_document_is_refused(desk_on_file: Desk) -> None:
    desk = desk_on_file
    public_id = desk.put(IVAN)
    keep(desk.engine, public_id, CONTENT)
    token = desk.token(public_id)
    for attached in (True, False):
        with pytest.raises(Refusal, match="document_differs"):
            sign_kept(desk, token, signed(ivan(), content=b"another", attached=attached))
    other = desk.put(IVAN, documents=("other",))
    keep(desk.engine, other, b"not what the office has fixed")
    with pytest.raises(Refusal, match="document_differs"):
        sign_kept(desk, desk.token(other), signed(ivan()))


def test_only_the_documents_of_the_link_are_found(desk_on_file: Desk) -> None:
    desk = desk_on_file
    public_id = desk.put(IVAN, documents=("a", "b"))
    keep(desk.engine, public_id, CONTENT)
    token = desk.token(public_id, document=2)
    with desk.engine.connect() as connection:
        assert find_documents(connection, desk.engine, None, desk.open(token)) == {}
