"""A document is examined in one errand, of which no part takes from another what it may cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from app.cms.parsing import parse
from app.cms.verdict import Answer
from app.cms.verification.verifier import Verifier
from app.cms.xmldsig import canonical_budget, own_thread
from app.cms.xmldsig.examination import examine_xml
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.unsigned_values import UnsignedValues
from app.cms.xmldsig.verification import check_xml
from tests import pki
from tests.cms.augmenting import STAMPED
from tests.cms.judging import IVAN, NCA, ROOT, read
from tests.cms.lasting_xml import octets_of, stamp, with_unsigned, xades_b
from tests.pki.xml_signer import C14N, EXCLUSIVE

YES, UNKNOWN = Answer.YES, Answer.UNKNOWN


def read_xml(text: str) -> SignedXml:
    signature = parse(text)
    assert isinstance(signature, SignedXml)
    return signature


def large() -> SignedXml:
    """Return a document of many elements."""
    return read_xml(pki.sign_xml(f"<a>{'<b/>' * 20_000}</a>", [IVAN]))


def seconds_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds that it takes at least."""
    found = []
    for _ in range(5):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
    return min(found)


def test_timestamps_are_read_though_the_references_cost_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signature = large()
    token = pki.timestamp(octets_of(signature.xml), STAMPED)
    monkeypatch.setattr(canonical_budget, "BUDGET", 100_000)
    verifier = Verifier(read(ROOT), intermediates=read(NCA))
    [status] = verifier.verify(signature, at=STAMPED, tokens={1: [token]})
    assert status.intact.answer is UNKNOWN
    assert status.timestamp
    assert status.timestamp.verdict.answer is YES, status.timestamp.verdict


def test_timestamps_take_nothing_from_the_references(monkeypatch: pytest.MonkeyPatch) -> None:
    methods = (C14N, EXCLUSIVE)
    stamps = [stamp(b"x", methods[number % 2]) for number in range(16)]
    signature = read_xml(with_unsigned(xades_b(), *stamps))
    monkeypatch.setattr(canonical_budget, "BUDGET", 210_000)
    found = examine_xml(signature)
    assert all(one.stamped for one in found.values[0].stamps)
    assert found.checked[0].intact.answer is YES, found.checked[0].intact


def test_what_takes_too_long_is_unknown_in_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    signature = large()
    monkeypatch.setattr(own_thread, "MAX_SECONDS", 0.0)
    found = examine_xml(signature, stamped=True)
    assert [one.intact.answer for one in found.checked] == [UNKNOWN]
    assert (found.values, found.stamped) == ((UnsignedValues(),), (None,))


@pytest.mark.slow
@pytest.mark.usefixtures("untraced")
def test_a_document_is_built_once_for_all_that_is_read_of_it() -> None:
    signature = large()
    alone = seconds_of(lambda: check_xml(signature))
    assert seconds_of(lambda: examine_xml(signature, stamped=True)) < 1.4 * alone
