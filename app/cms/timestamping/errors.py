"""Why a request brought no timestamp token."""

from app.cms.verdict import Reason

# Bits of PKIFailureInfo (RFC 3161 section 2.4.2).
FAILURES = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}
# Those by which the same request will never be granted.
_FINAL = {0, 2, 5, 15, 16}


class TimestampNotObtained(Exception):
    """There is no token, or none that may be kept; `reason` is the sentence.

    If `is_final`, the same request to the same TSA is not to be repeated.
    """

    is_final = False

    def __init__(self, reason: Reason) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        """Return the sentence in English."""
        return str(self.reason)


class TimestampRefused(TimestampNotObtained):
    """The TSA answers that it doesn't stamp. That answer is not signed.

    `status` is its PKIStatus; `failures` are the bits of its PKIFailureInfo, named in FAILURES;
    `said` is the first text of its own, cleaned and cut, None if there is none.
    """

    def __init__(self, status: int, failures: tuple[int, ...], said: str | None) -> None:
        """Keep what the answer says."""
        named = ", ".join(FAILURES.get(bit, str(bit)) for bit in failures) or "-"
        super().__init__(
            Reason(
                "the timestamp authority refuses: status {status}, failure {failures}",
                {"status": status, "failures": named},
            )
        )
        self.status = status
        self.failures = failures
        self.said = said
        self.is_final = bool(_FINAL.intersection(failures))


class TimestampUnreadable(TimestampNotObtained):
    """The answer is no TimeStampResp that can be read: too large, damaged, or something else."""


class TimestampMismatched(TimestampNotObtained):
    """The token is not the one requested: a replayed, exchanged or hostile answer."""
