"""The signers of an XML document: what each signed, and what the document brings about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from app.cms.algorithms.same_key import identify_key
from app.cms.budget import MAX_COST, Budget
from app.cms.path.issuers import GivenAuthorities
from app.cms.verification.cases import Case, Checked
from app.cms.verification.embedded_revocation import read_brought
from app.cms.verification.one_signature import Group, Signed, group_same, note_same
from app.cms.verification.remarks import note_future, note_rivals
from app.cms.verification.status import TimestampStatus
from app.cms.verification.timestamps import check_kept
from app.cms.verification.tokens import TokenCase, check_token
from app.cms.x509.certificate import Certificate, read_certificate, read_embedded_certificate
from app.cms.xmldsig.examination import examine_xml
from app.cms.xmldsig.own_thread import cpu_time_ns
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.unsigned_values import UnsignedValues
from app.cms.xmldsig.verification import XmlChecked, check_xml_value, list_rivals

# Microseconds that checking the references of an XML document may take without lessening the budget
# for the rest of its verification, and what is left of that in any case.
_USUAL_COST, _LEAST_COST = 500_000, 200_000
# Certificates that are read from the unsigned properties of one document.
_MAX_CERTIFICATES = 256


class XmlSigners:
    """The signers of one document, with results that depend on no anchor.

    As in a CMS, certificates and revocation data of the document serve all of its signatures, and a
    timestamp the one that has it.
    """

    def __init__(self, signature: SignedXml, kept: Mapping[int, Sequence[bytes]]) -> None:
        """Check the references of all signatures; `kept` are tokens that are stored apart.

        Raises MalformedSignature if `signature` was not returned by `parse`.
        """
        began = cpu_time_ns()
        self._kept = kept
        self._found = examine_xml(signature, stamped=bool(kept))
        spent = (cpu_time_ns() - began) // 1000
        self._budget = Budget(max(MAX_COST - max(spent - _USUAL_COST, 0), _LEAST_COST))

    def check(
        self,
        case: Case,
        token_case: Callable[[Case, GivenAuthorities], TokenCase],
        only: int | None = None,
    ) -> Iterator[tuple[Checked, Case]]:
        """Check the values of all signatures, or of one alone, and their timestamps.

        `case` has what does not come from the document. Returns each signer with a case of its own,
        in which that is added; `token_case` makes the inputs for timestamps from such a case.
        """
        listed = self._found.values
        crls = (der for one in listed for der in one.crls)
        responses = (der for one in listed for der in one.ocsp_responses)
        brought = read_brought(crls, responses, self._budget)
        ders = dict.fromkeys(der for one in listed for der in one.certificates)
        parsed = map(read_embedded_certificate, islice(ders, _MAX_CERTIFICATES))
        lasting = GivenAuthorities(filter(None, parsed))
        groups, holders = _group(self._found.checked)
        for number, (found, values) in enumerate(zip(self._found.checked, listed, strict=True), 1):
            if number != (only or number):
                continue
            others = GivenAuthorities(map(read_certificate, found.parsed.certificates))
            own = replace(
                case,
                brought=(*case.brought, others, lasting),
                revocation=(*case.revocation, brought),
                budget=self._budget,
            )
            checked = _check(number, found, own)
            stamps = self._check_stamps(number, values, token_case(own, lasting))
            group = groups[number - 1]
            valid = note_same(checked.valid, number, group, holders)
            yield replace(checked, stamps=stamps, valid=valid, same=group), own

    def _check_stamps(
        self, number: int, values: UnsignedValues, case: TokenCase
    ) -> tuple[TimestampStatus, ...]:
        """Check the timestamps of a signature: its own, and those that are kept."""
        own = [check_token(one.token, one.stamped, case) for one in values.stamps]
        if kept := self._kept.get(number):
            own += check_kept(kept, self._found.stamped[number - 1], case)
        return tuple(own)


def _group(checked: Sequence[XmlChecked]) -> tuple[list[Group], list[Certificate]]:
    """Return which signatures are the same, for each of them, and their certificates."""
    holders = [read_certificate(one.parsed.certificate) for one in checked]
    signed = [
        Signed(identify_key(holder.public_key), one.signature_value, one.signed_digest)
        for holder, one in zip(holders, checked, strict=True)
    ]
    return group_same(signed), holders


def _check(number: int, found: XmlChecked, case: Case) -> Checked:
    certificate = read_certificate(found.parsed.certificate)
    valid = check_xml_value(found, certificate, case.budget)
    valid = note_rivals(valid, list_rivals(found, certificate, case.budget))
    signing_time = found.parsed.signing_time
    return Checked(
        number,
        certificate,
        found.intact,
        note_future(valid, signing_time, case.when.now),
        found.digests,
        found.method,
        signing_time=signing_time,
    )
