"""The evidence of a version as JSON: its state, what is proven, what is kept, and what lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.cms import (
    SignatureLevel,
    SignedData,
    SignedXml,
    SignerStatus,
    Verdict,
    claimed_levels,
    every,
    iso_moment,
    lacking_parts,
    list_parts,
    verified_levels,
)
from app.store.evidence.reading import Evidence, KeptItem, KeptState, PendingJob, VersionStates
from app.store.evidence.reasons import StoredReasons, read_reasons
from app.wording.sentences import Wording

_LEVELS = tuple(SignatureLevel)


@dataclass(frozen=True, slots=True)
class SignerLevels:
    """The levels of one signer: what the signature has, and what is proven with what is kept."""

    claimed: frozenset[SignatureLevel]
    verified: Mapping[SignatureLevel, Verdict]


def levels_of(
    signature: SignedData | SignedXml, statuses: tuple[SignerStatus, ...], archived: Verdict
) -> list[SignerLevels]:
    """Return the levels of each signer; `archived` is as of `verified_levels`."""
    return [
        SignerLevels(claimed_levels(parts), verified_levels(parts, status, archived))
        for parts, status in zip(list_parts(signature), statuses, strict=True)
    ]


def write_states(states: VersionStates, wording: Wording) -> dict[str, Any]:
    """Return the state of a version and of its signers: what a list says of it."""
    return {
        "state": states.state,
        "reasons": write_reasons(states.reason, wording),
        "signers": [_write_state(one, wording) for one in states.signers],
    }


def _write_state(state: KeptState, wording: Wording) -> dict[str, Any]:
    return {
        "number": state.number,
        "state": state.state,
        "reasons": write_reasons(state.reason, wording),
        **_write_result(state, wording),
    }


def _write_result(state: KeptState | None, wording: Wording) -> dict[str, Any]:
    """Return what the last result says; None for all if there is none."""
    return {
        "card": state.card if state else None,
        "card_reasons": write_reasons(state.card_reason, wording) if state else [],
        "gen_time": iso_moment(state.gen_time) if state else None,
        "lasts_until": iso_moment(state.lasts_until) if state else None,
        "updated_at": iso_moment(state.updated_at) if state else None,
    }


def write_reasons(stored: StoredReasons | None, wording: Wording) -> list[str]:
    """Return stored reasons as sentences in the reader's language."""
    return [wording.sentence(one) for one in read_reasons(stored)]


def write_evidence(
    evidence: Evidence,
    statuses: tuple[SignerStatus, ...],
    levels: list[SignerLevels],
    wording: Wording,
) -> dict[str, Any]:
    """Return all that is known of the evidence of a version.

    Args:
        evidence: what is stored.
        statuses: the results of verifying with that, and the trust anchors, alone.
        levels: as `levels_of` returns them.
        wording: the language of reasons.
    """
    job = evidence.job
    return {
        "state": evidence.state,
        "reasons": write_reasons(job.reason, wording) if job else [],
        "job": _write_job(job) if job else None,
        "levels": _write_levels(levels, wording),
        "signers": [
            _write_signer(evidence, status, each, wording)
            for status, each in zip(statuses, levels, strict=True)
        ],
    }


def _write_job(job: PendingJob) -> dict[str, Any]:
    is_held = job.lease_until is not None and job.lease_until > datetime.now(UTC)
    return {
        "attempts": job.attempts,
        "due_at": iso_moment(job.due_at),
        "at_work_until": iso_moment(job.lease_until if is_held else None),
    }


def _write_signer(
    evidence: Evidence, status: SignerStatus, levels: SignerLevels, wording: Wording
) -> dict[str, Any]:
    state = next((one for one in evidence.states if one.number == status.number), None)
    latest = evidence.job or state
    return {
        "number": status.number,
        "state": "pending" if evidence.job else (state.state if state else None),
        "reasons": write_reasons(latest.reason, wording) if latest else [],
        **_write_result(state, wording),
        "levels": _write_levels([levels], wording),
        "kept": [_write_item(one) for one in evidence.items if one.number == status.number],
        "lacks": _write_lacking(status, wording),
    }


def _write_levels(levels: Iterable[SignerLevels], wording: Wording) -> dict[str, Any]:
    """Return each level of several signers: that of the worst."""
    listed = list(levels)
    return {
        level.value: {
            "claimed": all(level in one.claimed for one in listed),
            "verified": _write_verdict(every(*(one.verified[level] for one in listed)), wording),
        }
        for level in _LEVELS
    }


def _write_item(item: KeptItem) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "sha256": item.sha256.hex(),
        "size": len(item.data),
        "created_at": iso_moment(item.created_at),
    }


def _write_lacking(status: SignerStatus, wording: Wording) -> list[dict[str, Any]]:
    """Return the parts of level LT that are not proven, each with the reasons."""
    return [
        {"part": part, **_write_verdict(verdict, wording)}
        for part, verdict in lacking_parts(status).items()
    ]


def _write_verdict(verdict: Verdict, wording: Wording) -> dict[str, Any]:
    reasons = [wording.sentence(reason) for reason in verdict.reasons]
    return {"answer": verdict.answer.value, "reasons": reasons}
