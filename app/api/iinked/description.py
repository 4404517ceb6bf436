"""What this family tells of itself."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from app.api.description import (
    Answer,
    Chapter,
    Json,
    Operation,
    View,
    choice,
    flag,
    items,
    maybe,
    members,
    named,
    nothing,
    number,
    text,
)
from app.api.iinked import routes
from app.api.iinked.refusals import (
    InvalidSignBy,
    InvalidState,
    InvalidType,
    NameLength,
    NoDocuments,
    NoSigners,
)
from app.api.iinked.schemas import MAX_TAKE, TYPES, AddSchema, ListSchema, PackageSchema
from app.api.iinked.shapes import CODES, STATUS_CODES
from app.store.errors import (
    PackageExpired,
    PackageNotDraft,
    PackageNotFound,
    PackageNotSent,
    PackageRescinded,
    PackageTooLarge,
)
from app.store.package_states import State

_WORDS = """\
Packages, as iinked Sign knows them: documents, and who has to sign them. Signatures themselves
arrive by `POST /signature`, and count once they are found to be valid and to reach a trust anchor;
`GET /signature?with=signers` says why one doesn't yet. Each address is there under `/packages` and
`/api/v1/packages`.
"""
_PARAMETERS = {
    "name": "The name of the package, or in an address that of a package or a thread; of a "
    "document, how it is called.",
    "type": "How it is signed. In order only where it is Sequential. Must be set.",
    "state": "`open` sends it at once; else it is a draft.",
    "timeSignBy": "Until when it can be signed: a date means its end.",
    "externalData": "What its client wants to be kept with it, as it is.",
    "thread": "The thread in which its documents are signed.",
    "generateSignerLinks": "Whether each signer has links.",
    "documents": "What is to be signed. Must be set.",
    "signers": "Who has to sign. Must be set.",
    "externalId": "The store's code of the document. Must be set.",
    "fileName": "The name of its file.",
    "sha256": "The SHA-256 of what is to be signed, in hex: only a signature over just that "
    "counts. It is compared with the content, attached or sent along, else with the message digest "
    "by SHA-256; what was signed by another algorithm, and is not at hand, doesn't count. Not in "
    "the reference.",
    "order": "Its place; else that in the list.",
    "firstName": "The signer's first name.",
    "lastName": "The signer's last name.",
    "email": "The signer's address.",
    "mobileNumber": "The signer's telephone.",
    "iin": "The IIN that the signer's certificate must claim; this or `bin` must be set.",
    "bin": "The BIN that the signer's certificate must claim.",
    "role": "The role that the signer's certificate must claim.",
    "packageId": "The id of the package. Must be set.",
    "rescindMessage": "Why it is rescinded.",
    "states": "Packages in any of these states.",
    "types": "Packages of any of these types.",
    "search": "Packages with this in their names.",
    "isExecuted": "Packages that everybody has signed, or that somebody has not.",
    "sortBy": "By what they are sorted; `-` before it turns the order around.",
    "skip": "Packages that are left out before the first.",
    "take": f"Packages at most, {MAX_TAKE} at most.",
}
_LINK_BEFORE: dict[str, Json] = {
    "name": maybe(text()),
    "link": text(),
    "type": choice("document"),
    "token": text(),
    "timeExpires": maybe(text("ISO 8601, in UTC, with milliseconds.")),
    "packageId": text(),
}
_REVISION_IDS: dict[str, Json] = {"documentId": text("A UUID."), "revisionId": text("A UUID.")}
_TURN: dict[str, Json] = {
    "isNext": flag("Whether it is this signer's turn."),
    "isSigned": flag(
        "Whether this signer has signed the current version: the signature was verified, and an "
        "anchor was reached."
    ),
}
_SUMMARY: dict[str, Json] = {
    "packageId": text("A UUID; of a thread that nobody registered, its name."),
    "organizationId": maybe(text()),
    "memberId": maybe(text("The token that added it.")),
    "name": maybe(text()),
    "timeSignBy": maybe(text("ISO 8601, in UTC.")),
    "type": choice(*TYPES),
    "state": choice(*get_args(State)),
    "externalData": maybe({"type": "object"}),
    "isExecuted": flag("Whether everybody has signed everything, as verified."),
}
_REVISION = members(
    {"packageId": text(), **_REVISION_IDS, "signerId": text(), "link": maybe(text()), **_TURN}
)
_DOCUMENT = members(
    {
        "packageId": text(),
        "documentId": text("A UUID."),
        "fileId": nothing(),
        "exernalId": text("= `externalId`: the reference spells it both ways."),
        "externalId": text("The store's code of the document."),
        "name": maybe(text()),
        "fileName": maybe(text()),
        "order": number(),
        "isExecuted": flag(),
        "revisions": items(named("Revision"), "One for each of its signers."),
    }
)
_SIGNER = members(
    {
        "signerId": text("A UUID."),
        "firstName": maybe(text()),
        "lastName": maybe(text()),
        "email": maybe(text()),
        "mobileNumber": maybe(text()),
        "order": number(),
        "links": items(named("DocumentLink")),
        "signLink": maybe(named("SignLink")),
        "meetingLink": nothing(),
    }
)
_SHAPES: dict[str, Json] = {
    "Package": members(
        _SUMMARY
        | {"documents": items(named("PackageDocument")), "signers": items(named("PackageSigner"))}
    ),
    "PackageSummary": members(_SUMMARY),
    "PackageDocument": _DOCUMENT,
    "PackageSigner": _SIGNER,
    "Revision": _REVISION,
    "DocumentLink": members({**_LINK_BEFORE, **_REVISION_IDS, **_TURN}),
    "SignLink": members({**_LINK_BEFORE, "type": choice("package_sign")}),
}
_CODES = sorted({*CODES.values(), *STATUS_CODES.values()})
_WRITTEN = members({"packageId": text("A UUID."), "package": named("Package")})


def describe() -> Chapter:
    """Return the chapter."""
    return Chapter(
        name="iinked",
        words=_WORDS,
        operations=_of_one() | _of_many(),
        error=members({"error": choice(*_CODES), "message": text("What is wrong.")}),
        shapes=_SHAPES,
        parameters=_PARAMETERS,
        examples=Path(__file__).with_name("examples.json"),
    )


def _of_one() -> dict[View, Operation]:
    changed = {200: Answer("The package as it is now.", _WRITTEN)}
    return {
        routes.get_status: Operation(
            words="The states of what was signed are found out when they are asked for.",
            answers={200: Answer("The package.", named("Package"))},
            refuses=(PackageNotFound, PackageTooLarge),
        ),
        routes.send: Operation(
            reads=PackageSchema,
            ignored=("rescindMessage",),
            answers=changed,
            refuses=(PackageNotFound, PackageNotDraft, PackageRescinded, PackageExpired),
        ),
        routes.rescind: Operation(
            reads=PackageSchema,
            answers=changed,
            refuses=(PackageNotFound, PackageNotSent, PackageRescinded),
        ),
        routes.delete: Operation(
            reads=PackageSchema,
            ignored=("rescindMessage",),
            answers={200: Answer("It is gone.", members({"packageId": text("A UUID.")}))},
            refuses=(PackageNotFound,),
        ),
    }


def _of_many() -> dict[View, Operation]:
    listed = members(
        {
            "items": items(named("PackageSummary")),
            "total": number("Of all packages that match."),
            "take": number(),
            "skip": number(),
        }
    )
    return {
        routes.add: Operation(
            reads=AddSchema,
            takes_form=False,
            answers={200: Answer("The package that was added.", _WRITTEN)},
            refuses=(
                InvalidType,
                InvalidState,
                InvalidSignBy,
                NoDocuments,
                NoSigners,
                NameLength,
            ),
        ),
        routes.list_packages: Operation(
            reads=ListSchema,
            answers={200: Answer("A page of packages.", listed)},
            refuses=(InvalidType, InvalidState),
        ),
    }
