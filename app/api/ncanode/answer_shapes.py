"""The shapes of this family's answers, for its description.

The writers are in `envelope`, `verdicts`, `differences` and `app.cms.facts`; tests hold every
answer against what stands here.
"""

from __future__ import annotations

from app.api.description import Json, choice, items, maybe, members, named, nothing, number, text
from app.cms.claims import ROLES

_MOMENT = text("`YYYY-MM-DD HH:MM:SS` in the time zone of the server's settings.")
_UTC = text("ISO 8601, in UTC.")


def enveloped(content: Json, warnings: str = "") -> Json:
    """Describe a success with this content; `warnings` says what is warned of besides."""
    of_all = "Parameters, and headers that ask for a tenant, that are not read here."
    told = {"warnings": items(text(), f"{warnings} {of_all}".strip())}
    return members({"status": choice(True), "message": nothing(), "content": content}, told)


ERROR = members({"status": choice(False), "message": text("What is wrong."), "content": nothing()})
DONE = members({"status": choice(True)})
VERDICT = members(
    {
        "answer": choice("yes", "no", "unknown"),
        "reasons": items(
            text(), "Why it is not yes, or what is remarkable, in the client's words."
        ),
    }
)
_ALGORITHM = members({"oid": text(), "name": text()})
_CERTIFICATE = members(
    {
        "serial_number": text("Hexadecimal."),
        "issuer": text(),
        "subject": text(),
        "not_before": _UTC,
        "not_after": _UTC,
        "sha256": text("The fingerprint, hexadecimal."),
        "key_algorithm": named("Algorithm"),
    }
)
_TIMESTAMP_CLAIMS = members(
    {
        "time": maybe(_UTC),
        "policy": maybe(text("An object identifier.")),
        "serial_number": maybe(text("Hexadecimal.")),
        "authority": maybe(text()),
    }
)
#: Who was saved before these were kept of a token has neither digest nor size.
_TOKEN = members(
    _TIMESTAMP_CLAIMS["properties"], {"sha256": text("Hexadecimal."), "size": number("Bytes.")}
)
_CLAIMED = members(
    {
        "iin": maybe(text()),
        "bin": maybe(text()),
        "name": maybe(text()),
        "surname": maybe(text()),
        "given_name": maybe(text()),
        "patronymic": maybe(text()),
        "organisation": maybe(text()),
        "email": maybe(text()),
        "country": maybe(text()),
        "roles": items(choice(*dict.fromkeys(ROLES.values()))),
        "usage": items(choice("AUTH", "SIGN")),
        "policies": items(text()),
        "signing_time": maybe(_UTC),
        "timestamp": maybe(named("TimestampToken")),
    }
)
_FACTS: dict[str, Json] = {
    "number": number("The signer's place in the signature, from 1."),
    "claimed": named("Claimed"),
    "certificate": named("Certificate"),
    "digest_algorithm": named("Algorithm"),
    "signature_algorithm": named("Algorithm"),
    "message_digest": maybe(text("Hexadecimal.")),
    "notes": items(text(), "What is odd about the certificate or the signature."),
}
_PERSON = {
    "iin": maybe(text()),
    "bin": maybe(text()),
    "name": maybe(text()),
    "organisation": maybe(text()),
}
_STANDING = members(
    {
        "state": choice("valid", "pending", "refused"),
        "reason": maybe(text("Why it isn't valid, or not yet known to be.")),
    }
)
_CHECKED_SIGNER = members(
    {
        **_FACTS,
        "intact": named("Verdict"),
        "valid": named("Verdict"),
        "path": named("Verdict"),
        "revocation": named("Verdict"),
        "trusted": named("Verdict"),
        "decisive_time": _UTC,
        "decisive_time_source": choice("timestamp", "now", "checked_at", "saved"),
        "timestamp": maybe(named("CheckedTimestamp")),
        "verified": maybe(members(_PERSON)),
    }
)
_CHECKED_TIMESTAMP = members({**VERDICT["properties"], "claimed": named("TimestampClaims")})
#: The three answers about a signature as a whole.
ANSWERS: dict[str, Json] = {
    "intact": named("Verdict"),
    "valid": named("Verdict"),
    "trusted": named("Verdict"),
}
HOLDER = members(
    {
        "iin": maybe(text()),
        "bin": maybe(text()),
        "org_name": maybe(text()),
        "first_name": maybe(text()),
        "last_name": maybe(text()),
        "mid_name": maybe(text()),
        "gender": choice("male", "female", None),
        "email": maybe(text()),
        "birthday": maybe(text("`YYYY-MM-DD`.")),
    }
)
_VERSION_BEFORE: dict[str, Json] = {
    "id": number("Of the thread: the same in all of its versions."),
    "document": text(),
    "thread": text(),
    "chain": text("= `thread`."),
    "stage": maybe(text()),
    "version": number("1 for the first."),
    "parent": maybe(number("The version that this one supersedes; null for the first.")),
}
_CARRIED: dict[str, Json] = {
    "signature": text("The signature as it was sent. Not there with `without=cms`."),
    "cms": text("= `signature`."),
}
_VERSION_AFTER: dict[str, Json] = {
    "version_created_by": maybe(text()),
    "version_comment": maybe(text()),
    "version_created_at": _MOMENT,
    "tags": items(text(), "In the order sent."),
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
}
_SIGNERS = items(
    named("ToldSigner"),
    "Who signed, as far as the signature claims, and whether that was verified. "
    "With `with=signers`.",
)
#: What a version carries if it is asked for, or isn't left out.
_ASKED = _CARRIED | {
    "signers": _SIGNERS,
    "version_saved_by": maybe(text("Name of the token that saved it. With `with=saver`.")),
    "public_id": text("The thread's UUID in other families. With `with=public_id`."),
}
_SIGNATURE = members(_VERSION_BEFORE | _VERSION_AFTER, _ASKED)
_DIFF = members(
    {
        name: items(members({"claimed": members(_PERSON)}), words)
        for name, words in (
            ("added", "Signers that the version before it lacks."),
            ("kept", "Signers that both have."),
            ("lost", "Signers that only the version before it has."),
        )
    }
)
_LISTED_VERSION = members(
    _VERSION_BEFORE | _VERSION_AFTER,
    _ASKED | {"diff": _DIFF | {"description": "With `diff=1`."}},
)

#: What the answers refer to, by name.
SHAPES: dict[str, Json] = {
    "Signature": _SIGNATURE,
    "ListedVersion": _LISTED_VERSION,
    "Signer": members(_FACTS),
    "ToldSigner": members({**_FACTS, "standing": _STANDING}),
    "CheckedSigner": _CHECKED_SIGNER,
    "CheckedTimestamp": _CHECKED_TIMESTAMP,
    "TimestampClaims": _TIMESTAMP_CLAIMS,
    "TimestampToken": _TOKEN,
    "Claimed": _CLAIMED,
    "Certificate": _CERTIFICATE,
    "Algorithm": _ALGORITHM,
    "Verdict": VERDICT,
    "Holder": HOLDER,
}
