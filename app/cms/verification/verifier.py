"""The verifier: who signed, is it intact, is it valid, is it trusted, and as of when.

Bytes in, answers out. Trust anchors, CRLs and OCSP responses come from the caller: nothing is
fetched, nothing is read from settings, and no clock is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from app.cms.budget import FREE, MAX_COST, Budget, ContentBudget, Meter
from app.cms.path.building import Search
from app.cms.path.issuers import GivenAuthorities
from app.cms.path.occasions import Occasion
from app.cms.path.purposes import is_for_timestamps
from app.cms.revocation.checking import RevocationData, examine_revocation
from app.cms.revocation.crl import CertificateList
from app.cms.revocation.noted import NotedRevocation
from app.cms.revocation.ocsp import OcspResponse
from app.cms.signed_data.certificate_set import CertificateSource
from app.cms.signed_data.contents import (
    GivenContent,
    KnownDigest,
    choose_content,
    compare_content,
)
from app.cms.signed_data.parsing import SignedData
from app.cms.verdict import Verdict
from app.cms.verification.cases import Case, Checked
from app.cms.verification.cms_signers import CmsSigners
from app.cms.verification.conclusion import Conclusion
from app.cms.verification.embedded_revocation import read_embedded, sort_brought
from app.cms.verification.judged_paths import judge_paths
from app.cms.verification.remarks import note_zeros
from app.cms.verification.status import CertificateStatus, SignerStatus, TimestampStatus
from app.cms.verification.tokens import TokenCase, check_token
from app.cms.verification.xml_signers import XmlSigners
from app.cms.x509.certificate import Certificate
from app.cms.xmldsig.parsing import SignedXml

#: What checking the revocation data of one evidence package may cost: there is no other limit of
#: theirs than its size, and a package may have lists of 20 MB.
_BROUGHT_COST = 10 * MAX_COST

Tokens: TypeAlias = Mapping[int, Sequence[bytes]]
"""Encoded timestamp tokens by the number of the signer, from 1."""

_NO_TOKENS: Tokens = MappingProxyType({})


class Verifier:
    """Verifies signatures against the trust anchors of one operator. Thread-safe."""

    def __init__(  # noqa: PLR0913 - all that one operator has
        self,
        anchors: Iterable[Certificate] = (),
        *,
        intermediates: Iterable[Certificate] = (),
        crls: Iterable[bytes | CertificateList] = (),
        ocsp_responses: Iterable[bytes | OcspResponse] = (),
        brought: Iterable[CertificateList | OcspResponse] = (),
        certificates: Iterable[Certificate] = (),
        noted: Iterable[NotedRevocation] = (),
    ) -> None:
        """Take the trust anchors, and other available data: DER, or objects parsed from it.

        `brought` and `certificates` came beside the signature, or are kept for it: they count as
        what is embedded does. `intermediates` are the operator's, and are tried first. `noted` was
        proven before, and the caller has kept it.

        A caller with many verifiers passes the same parsed CRL to all of them: it remembers that
        its signature was checked. Raises MalformedRevocation if something can't be read.
        """
        self._anchors = GivenAuthorities(anchors)
        self._conclusion = Conclusion(self._anchors)
        self._intermediates = GivenAuthorities(intermediates)
        self._revocation = RevocationData(
            [CertificateList(crl) if isinstance(crl, bytes) else crl for crl in crls],
            [OcspResponse(one) if isinstance(one, bytes) else one for one in ocsp_responses],
            noted=noted,
        )
        self._brought = tuple(brought)
        self._beside = GivenAuthorities(certificates)

    def _at_hand(self) -> tuple[RevocationData, ...]:
        """Return what the operator has, and what was brought, whose checks are paid for anew."""
        if not self._brought:
            return (self._revocation,)
        return self._revocation, sort_brought(self._brought, Budget(_BROUGHT_COST))

    def verify(  # noqa: PLR0913  # a signature, and all that it is verified with
        self,
        signature: SignedData | SignedXml,
        content: GivenContent | None = None,
        *,
        at: datetime | Occasion,
        content_budget: Budget | None = None,
        tokens: Tokens = _NO_TOKENS,
        meter: Meter | None = None,
    ) -> tuple[SignerStatus, ...]:
        """Verify each signer of a parsed signature, in the order in which it has them.

        `content` is the content of a detached CMS; if content is attached too, it must be the same.
        `at` says when the signature is known to have existed, for signers without a valid
        timestamp: usually the time of saving. Pass an Occasion to judge certificates as of another
        time than that from which the signature is known to exist. Hashing the content
        may cost what is left of `content_budget`, one for each request; with `budget.FREE` it may
        take minutes, as it does with GOST where libgcrypt is missing. A timestamp from the future
        is detected if the Occasion has the current time. `tokens` are timestamp tokens over the
        signature values that are stored apart from the signature; of XML over what `stamped_values`
        returns. `meter` notes what a CMS costs beside its content. Steps for each signer:

        1. intact and valid: digests and signature value (RFC 5652 section 5.6, XMLDSig 3.2);
        2. the decisive time: that of a timestamp whose imprint, signature and TSA are verified,
           else `at`; never the signer's own claim (RFC 3161 appendix A);
        3. the path to an anchor at that time (RFC 5280 section 6.1);
        4. revocation by that time (RFC 5280 section 6.3, RFC 6960 section 3.2).

        Raises ValueError if `at` has no time zone, and MalformedSignature for damage that parsing
        did not notice.
        """
        when = Occasion.of(at)
        if isinstance(signature, SignedXml):
            return self._verify_xml(signature, when, tokens)
        budget = content_budget or ContentBudget()
        check, case = self._begin_cms(signature, content, when, budget, tokens)
        statuses = tuple(self._conclusion.conclude(one, case) for one in check(None))
        if meter is not None:
            meter.note(case.budget)
        return statuses

    def verify_one(
        self,
        signature: SignedData | SignedXml,
        number: int,
        *,
        at: datetime | Occasion,
        tokens: Tokens = _NO_TOKENS,
    ) -> SignerStatus:
        """Verify one signer, by its number, as `verify` does without content."""
        when = Occasion.of(at)
        if isinstance(signature, SignedXml):
            (status,) = self._verify_xml(signature, when, tokens, number)
            return status
        check, case = self._begin_cms(signature, None, when, ContentBudget(), tokens)
        [checked] = check(number)
        return self._conclusion.conclude(checked, case)

    def verify_certificate(
        self, certificate: Certificate, *, at: datetime | Occasion
    ) -> tuple[Verdict, Verdict]:
        """Return whether a certificate leads to an anchor at that time, and whether it is revoked.

        Raises ValueError if `at` has no time zone.
        """
        status = self.examine_certificate(certificate, at=at)
        return status.path, status.revocation

    def examine_certificate(
        self, certificate: Certificate, *, at: datetime | Occasion, budget: Budget | None = None
    ) -> CertificateStatus:
        """Return the same as `verify_certificate`, and what it rests on.

        `budget` may be that of several certificates. Raises ValueError if `at` has no time zone.
        """
        own = budget or Budget()
        case = self._case(own, Occasion.of(at))
        search = Search(
            self._anchors,
            case.authorities,
            own,
            for_timestamps=is_for_timestamps(certificate),
            brought=case.brought,
        )
        judged = judge_paths(
            search,
            certificate,
            case.when,
            lambda path: examine_revocation(path.chain, case.when, case.revocation),
        )
        return CertificateStatus(
            certificate,
            judged.path.verdict,
            judged.revocation.verdict,
            case.when.at,
            judged.path.chain,
            judged.revocation.findings,
            other_chains=judged.others,
        )

    def verify_timestamp(
        self,
        token: bytes,
        stamped: bytes | KnownDigest,
        *,
        at: datetime | Occasion,
        budget: Budget | None = None,
    ) -> TimestampStatus:
        """Verify an encoded timestamp token on `stamped`, a signer's signature value, by itself.

        It is verified as in a signature, so that one can be checked before it is kept. `at` is when
        the token is known to exist. `stamped` may be a digest, as of the root of a hash tree, and
        `budget` that of several tokens. Raises ValueError if `at` has no time zone.
        """
        own = budget or Budget()
        case = self._case(own, Occasion.of(at))
        return check_token(token, stamped, self._token_case(case))

    def _case(self, budget: Budget, when: Occasion) -> Case:
        """Return the case of what brings nothing itself."""
        return Case((self._intermediates,), self._at_hand(), budget, when, (self._beside,))

    def _token_case(self, case: Case, *embedded: CertificateSource) -> TokenCase:
        """Return the inputs for examining tokens; `embedded` is searched for the TSA first."""
        return TokenCase(
            partial(self._conclusion.judge_tsa, case),
            case.budget,
            case.when.known,
            (*embedded, self._beside, self._intermediates, self._anchors),
            case.when.now,
            case.when.stamps_known,
        )

    def _begin_cms(
        self,
        signature: SignedData,
        content: GivenContent | None,
        when: Occasion,
        content_budget: Budget,
        kept: Tokens,
    ) -> tuple[Callable[[int | None], Iterator[Checked]], Case]:
        """Return what checks one signer of a CMS, or all, and their case."""
        signed = choose_content(signature, content, content_budget)
        same = note_zeros(compare_content(content, signed), signature.trailing_zeros)
        budget = Budget()
        case = self._case(budget, when)
        case = replace(
            case,
            revocation=(*case.revocation, read_embedded(signature, budget)),
            brought=(*case.brought, signature.certificate_set),
        )
        tokens = self._token_case(case, signature.certificate_set)
        signers = CmsSigners(signature, kept)
        return partial(signers.check, signed, same, case, tokens), case

    def _verify_xml(
        self, signature: SignedXml, when: Occasion, kept: Tokens, only: int | None = None
    ) -> tuple[SignerStatus, ...]:
        base = self._case(FREE, when)
        signers = XmlSigners(signature, kept).check(base, self._token_case, only)
        return tuple(self._conclusion.conclude(*one) for one in signers)
