"""How what was found out about signers is written.

What a certificate says is `claimed`, who signed beyond doubt is `verified`, and each answer is yes,
no or unknown, with its reasons in the language that the client wants.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, request

from app.api import errors
from app.api.locale import choose_locale
from app.api.ncanode import envelope
from app.cms.claims import Claims, birthday, gender
from app.cms.facts import iso_moment, name_text, signer_facts
from app.cms.signers import SignerClaims
from app.cms.status import Answer, SignerStatus, TimestampStatus, Verdict, every


def success(content: dict[str, Any]) -> Response:
    """Answer with content whose reasons are in the language that the client wants."""
    response = envelope.success(content)
    response.headers["Content-Language"] = choose_locale(request)
    return response


def verification(statuses: Sequence[SignerStatus]) -> dict[str, Any]:
    """Write the three answers about a signature as a whole: each is that of the worst signer."""
    return {
        "intact": _verdict(every(*[status.intact for status in statuses])),
        "valid": _verdict(every(*[status.valid for status in statuses])),
        "trusted": _verdict(every(*[status.trusted for status in statuses])),
    }


def signers(
    claims: Iterable[SignerClaims], statuses: Iterable[SignerStatus], given: str
) -> list[dict[str, Any]]:
    """Write each signer; `given` says whose time was decisive if no timestamp's was."""
    return [_signer(one, status, given) for one, status in zip(claims, statuses, strict=True)]


def _signer(signer: SignerClaims, status: SignerStatus, given: str) -> dict[str, Any]:
    attested = status.decisive_time_source == "timestamp"
    return {
        **signer_facts(signer),
        "intact": _verdict(status.intact),
        "valid": _verdict(status.valid),
        "path": _verdict(status.path),
        "revocation": _verdict(status.revocation),
        "trusted": _verdict(status.trusted),
        "decisive_time": iso_moment(status.decisive_time),
        "decisive_time_source": "timestamp" if attested else given,
        "timestamp": _timestamp(status.timestamp),
        "verified": _verified(signer.claims, status),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    reasons = [errors.in_language(reason) for reason in verdict.reasons]
    return {"answer": verdict.answer.value, "reasons": reasons}


def _timestamp(status: TimestampStatus | None) -> dict[str, Any] | None:
    """Write a timestamp. What it says is as good as its answer."""
    if status is None:
        return None
    serial_number, authority = status.serial_number, status.authority
    return {
        **_verdict(status.verdict),
        "claimed": {
            "time": iso_moment(status.gen_time),
            "policy": status.policy,
            "serial_number": None if serial_number is None else f"{serial_number:x}",
            "authority": authority and name_text(authority.subject),
        },
    }


def _verified(claims: Claims, status: SignerStatus) -> dict[str, Any] | None:
    """Write who signed, if nothing is left to doubt; else None."""
    if every(status.intact, status.valid, status.trusted).answer is not Answer.YES:
        return None
    return {
        "iin": claims.iin,
        "bin": claims.bin,
        "name": claims.common_name,
        "organisation": claims.organisation,
    }


def person(claims: Claims) -> dict[str, Any]:
    """Write what a certificate claims of its holder in the original's words."""
    born = birthday(claims.iin) if claims.iin else None
    return {
        "iin": claims.iin,
        "bin": claims.bin,
        "org_name": claims.organisation,
        "first_name": claims.given_name,
        "last_name": claims.surname,
        "mid_name": claims.patronymic,
        "gender": gender(claims.iin) if claims.iin else None,
        "email": claims.email,
        "birthday": born and born.isoformat(),
    }
