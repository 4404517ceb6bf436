"""The JSON result about an evidence package, beside that about the signature in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.cms import EvidenceRecordStatus, iso_moment
from app.wording.sentences import Wording
from app.wording.verdicts import write_timestamp, write_verdict


def write_package_results(
    record: EvidenceRecordStatus | None, other_files: Iterable[str], wording: Wording
) -> dict[str, Any]:
    """Return what was found of the evidence record and of the files.

    Args:
        record: the results for the record; None if there is none.
        other_files: names of the files that are not what this program writes.
        wording: language and zone of the reasons.
    """
    return {"record": record and _record(record, wording), "other_files": [*other_files]}


def _record(status: EvidenceRecordStatus, wording: Wording) -> dict[str, Any]:
    return {
        **write_verdict(status.verdict, wording),
        "existed_at": iso_moment(status.existed_at),
        "timestamps": [write_timestamp(one, wording) for one in status.timestamps],
    }
