"""What was found out about a signature, as plain values for `--json` and in words for people."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any, Literal

from app.cli.remedies import remedy_of
from app.cms.digests import fingerprints
from app.cms.facts import certificate_facts, iso_moment, signer_facts
from app.cms.names import clean
from app.cms.signed_data import SignedCms
from app.cms.signed_xml import SignedXml
from app.cms.signers import SignerClaims, describe, describe_content
from app.cms.status import Answer, SignerStatus, TimestampStatus, Verdict, every

Given = Literal["now", "at", "saved"]
"""Where the time comes from that counts for signers without a timestamp that holds."""

# What a certificate claims of a person, and what is known once all was verified.
_IDENTITY = (
    "iin",
    "bin",
    "name",
    "surname",
    "given_name",
    "patronymic",
    "organisation",
    "email",
)
_QUESTIONS = {
    "intact": "the content is what was signed",
    "valid": "the signature is of the certificate's key",
    "trusted": "an authority that you trust vouches for the signer",
}
_SOURCES = {
    "timestamp": "attested by a timestamp that was verified",
    "at": "as you asked",
    "saved": "when it was saved",
    "now": "the present moment",
}


def conclude(statuses: tuple[SignerStatus, ...]) -> Answer:
    """Join all answers: no if one is no, else unknown if one is, else yes."""
    return every(*[_whole(status) for status in statuses]).answer


def _whole(status: SignerStatus) -> Verdict:
    return every(status.intact, status.valid, status.trusted)


def report(
    signature: SignedCms | SignedXml,
    statuses: tuple[SignerStatus, ...],
    given: Given,
    today: tuple[SignerStatus, ...],
) -> dict[str, Any]:
    """Put together what a signature claims and what of it was verified; times are in UTC.

    Args:
        signature: what was parsed.
        statuses: of its signers, as of when it was made, as far as that is known.
        given: where that time comes from.
        today: the same as of now.
    """
    content, signers = describe_content(signature), describe(signature)
    return {
        "form": "XML" if isinstance(signature, SignedXml) else "CMS",
        "sha256": fingerprints(signature, signers).signature,
        "content": {
            "attached": content.attached,
            "size": content.size,
            "type": content.content_type,
        },
        "answer": str(conclude(statuses)),
        "signers": [
            {**_report_signer(claims, status, given), "today": _verdict(now.trusted)}
            for claims, status, now in zip(signers, statuses, today, strict=True)
        ],
    }


def _report_signer(claims: SignerClaims, status: SignerStatus, given: Given) -> dict[str, Any]:
    facts = signer_facts(claims)
    verified = None
    if _whole(status).answer is Answer.YES:
        verified = {key: facts["claimed"][key] for key in _IDENTITY}
    source = "timestamp" if status.decisive_time_source == "timestamp" else given
    return {
        **facts,
        "verified": verified,
        "answers": {
            "intact": _verdict(status.intact),
            "valid": _verdict(status.valid),
            "trusted": _verdict(status.trusted),
            "path": _verdict(status.path),
            "not_revoked": _verdict(status.revocation),
        },
        "decisive_time": {"time": iso_moment(status.decisive_time), "source": source},
        "timestamp": _report_timestamp(status.timestamp),
    }


def _report_timestamp(timestamp: TimestampStatus | None) -> dict[str, Any] | None:
    if timestamp is None:
        return None
    authority = timestamp.authority
    return {
        **_verdict(timestamp.verdict),
        "time": iso_moment(timestamp.gen_time),
        "authority": certificate_facts(authority) if authority else None,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"answer": str(verdict.answer), "reasons": [str(one) for one in verdict.reasons]}


def tell(found: dict[str, Any], zone: tzinfo) -> Iterator[str]:
    """Say in lines of text what a report on a file has, times in that zone."""
    content = found["content"]
    yield f"File: {clean(found['file'])}"
    if found["form"] == "XML":
        yield "XML, signed with what is in it"
    elif content["attached"]:
        yield f"CMS, with the content that was signed ({content['size']} bytes)"
    else:
        yield "CMS, without the content that was signed"
    yield f"SHA-256 of the signature: {found['sha256']}"
    for signer in found["signers"]:
        yield ""
        yield from _tell_signer(signer, zone)
    yield ""
    yield f"All in all: {found['answer']}"


def _tell_signer(signer: dict[str, Any], zone: tzinfo) -> Iterator[str]:
    verb = "is" if signer["verified"] else "claims to be"
    yield f"Signer {signer['number']} {verb} {_identity(signer['claimed'])}"
    answers = signer["answers"]
    for key, question in _QUESTIONS.items():
        yield _line(f"{key}, {question}", _say(answers[key]))
    decisive = signer["decisive_time"]
    if signer["today"] != answers["trusted"]:
        yield _line("trusted today", _say(signer["today"]))
    yield _line("as of", f"{_local(decisive['time'], zone)}, {_SOURCES[decisive['source']]}")
    stamp = signer["timestamp"]
    if stamp and decisive["source"] != "timestamp":
        yield _line("timestamp", f"{_local(stamp['time'], zone)}; does it hold? {_say(stamp)}")
    elif stamp and stamp["authority"]:
        yield _line("timestamp of", stamp["authority"]["subject"])
    signed = signer["claimed"]["signing_time"]
    if signed:
        yield _line("signed", f"{_local(signed, zone)}, claims the signer")
    yield from _warn_of_time(decisive, signed)
    yield from _tell_certificate(signer, zone)
    yield _line("not revoked", _say(answers["not_revoked"]))
    for note in signer["notes"]:
        yield _line("note", note)


def _warn_of_time(decisive: dict[str, Any], signed: str | None) -> Iterator[str]:
    """Warn of a time that was asked for and does not fit."""
    asked = decisive.get("asked")
    if asked is None:
        return
    if decisive["source"] == "timestamp":
        yield _line("warning", "the verified timestamp counts, not the time that you gave")
    if signed and datetime.fromisoformat(asked) < datetime.fromisoformat(signed):
        yield _line("warning", "the time that you gave lies before the one that the signer claims")


def _tell_certificate(signer: dict[str, Any], zone: tzinfo) -> Iterator[str]:
    certificate = signer["certificate"]
    yield _line(
        "algorithms",
        f"{signer['signature_algorithm']['name']}, digest {signer['digest_algorithm']['name']}, "
        f"key {certificate['key_algorithm']['name']}",
    )
    yield _line(
        "certificate", f"number {certificate['serial_number']}, issued by {certificate['issuer']}"
    )
    since, until = (_local(certificate[key], zone) for key in ("not_before", "not_after"))
    yield _line("in force", f"from {since} to {until}")


def _identity(claimed: dict[str, Any]) -> str:
    """Name a person or an organisation with its numbers."""
    name = " ".join(filter(None, (claimed["name"], claimed["patronymic"])))
    parts = [name or "somebody without a name"]
    parts += [f"IIN {claimed['iin']}"] if claimed["iin"] else []
    parts += [f"of {claimed['organisation']}"] if claimed["organisation"] else []
    parts += [f"BIN {claimed['bin']}"] if claimed["bin"] else []
    return clean(", ".join(parts))


def _say(verdict: dict[str, Any]) -> str:
    """Write an answer with its reasons; of one that is unknown, with what would settle it."""
    reasons: list[str] = verdict["reasons"]
    said = ": ".join(filter(None, (verdict["answer"], "; ".join(reasons))))
    if verdict["answer"] != "unknown":
        return said
    remedies = dict.fromkeys(filter(None, map(remedy_of, reasons)))
    return said + (f" (needed: {'; '.join(remedies)})" if remedies else "")


def _line(label: str, text: str) -> str:
    """Indent a line; what strangers wrote can't steer the terminal."""
    return f"  {label}: {clean(text)}"


def _local(moment: str | None, zone: tzinfo) -> str:
    if moment is None:
        return "at an unknown time"
    return f"{datetime.fromisoformat(moment).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
