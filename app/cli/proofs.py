"""What an answer rests on, as text for people: the anchor, and what says who was not revoked."""

from __future__ import annotations

from collections.abc import Iterator

from app.cms import Answer, Reason, RevocationFinding, SignerStatus, TimestampStatus, name_text
from app.wording.sentences import Wording

_KINDS = {"ocsp": Reason("OCSP response"), "crl": Reason("CRL")}
_PLACES = {
    "operator": Reason("provided by the operator"),
    "online": Reason("requested of the authority"),
    "embedded": Reason("that came with the signature"),
    "kept": Reason("obtained earlier and stored"),
    "package": Reason("in the evidence package"),
}


def render_proof(status: SignerStatus, wording: Wording) -> Iterator[str]:
    """Write what the answer about a signer rests on, and about a timestamp that counts."""
    yield from render_path(status, wording)
    stamp = status.timestamp
    if stamp is not None and status.decisive_time_source == "timestamp":
        yield from render_path(stamp, wording)


def render_path(status: SignerStatus | TimestampStatus, wording: Wording) -> Iterator[str]:
    """Write which anchor a certificate leads to, and what says that none on the way was revoked."""
    anchor = status.anchor
    if anchor is None:
        return
    yield wording.phrase(
        "{subject} leads to the trust anchor {anchor}, SHA-256 {digest}",
        subject=name_text(status.chain[0].subject),
        anchor=name_text(anchor.subject),
        digest=anchor.fingerprint,
    )
    for finding in status.findings:
        if finding.decides and finding.verdict.answer is Answer.YES:
            yield _render_finding(finding, wording)


def _render_finding(finding: RevocationFinding, wording: Wording) -> str:
    values = {
        "subject": name_text(finding.certificate.subject),
        "kind": _KINDS[finding.kind],
        "time": finding.this_update,
        "place": _PLACES[finding.origin.place],
    }
    if finding.origin.address is None:
        return wording.phrase("{subject} was not revoked: {kind} of {time}, {place}", **values)
    return wording.phrase(
        "{subject} was not revoked: {kind} of {time}, {place} at {address}",
        address=finding.origin.address,
        **values,
    )
