"""A verified card as JSON."""

from __future__ import annotations

from typing import Any

from app.cms import Verdict
from app.pdf.cards.verifying import CardFile, VerifiedCard, VerifiedFile
from app.wording.sentences import Wording
from app.wording.verdicts import write_verification


def write_card(card: VerifiedCard, wording: Wording) -> dict[str, Any]:
    """Return the content of POST /card/verify."""
    return {
        "card": {
            "trusted": _write_verdict(card.trusted, wording),
            "structure": _write_verdict(card.structure, wording),
            "pages": card.pages,
            "document": _write_file(card.document),
            "signatures": [_write_signature(one, wording) for one in card.signatures],
        }
    }


def _write_signature(one: VerifiedFile, wording: Wording) -> dict[str, Any]:
    verification = None
    if one.examined:
        written = write_verification(one.examined, "now", wording, version=None, saved_at=None)
        verification = written["verification"]
    return {
        "file": _write_file(one.file),
        "card_form": _write_verdict(one.fits, wording),
        "verification": verification,
    }


def _write_file(file: CardFile) -> dict[str, Any]:
    return {"name": file.name, "size": file.size, "sha256": file.sha256}


def _write_verdict(verdict: Verdict, wording: Wording) -> dict[str, Any]:
    reasons = [wording.sentence(reason) for reason in verdict.reasons]
    return {"answer": verdict.answer.value, "reasons": reasons}
