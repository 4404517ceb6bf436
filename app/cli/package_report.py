"""What was found of an evidence package, beside the signature in it, as text for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.cli.answers import render_answer
from app.cli.proofs import render_path
from app.cms import EvidenceRecordStatus
from app.wording.sentences import Wording


@dataclass(frozen=True, slots=True)
class PackageReport:
    """The results for the evidence record of a package, and the names of its odd files."""

    record: EvidenceRecordStatus | None
    other_files: tuple[str, ...]


def render_package(report: PackageReport, wording: Wording) -> Iterator[str]:
    """Write since when the signature existed by the record, what that rests on, and odd files."""
    if record := report.record:
        yield _render_record(record, wording)
        for stamp in record.timestamps:
            for line in render_path(stamp, wording):
                yield f"  {line}"
    for name in report.other_files:
        yield wording.phrase(
            "note: {name} is not what this program writes into a package; nothing rests on it",
            name=name,
        )


def _render_record(record: EvidenceRecordStatus, wording: Wording) -> str:
    answer = render_answer(record.verdict, wording)
    if record.existed_at is None:
        return wording.phrase("evidence record: {answer}", answer=answer)
    return wording.phrase(
        "evidence record: it existed at {time}: {answer}", time=record.existed_at, answer=answer
    )
