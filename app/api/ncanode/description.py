"""What this family tells of itself."""

from __future__ import annotations

from pathlib import Path

from app.api.description import (
    Answer,
    Chapter,
    Json,
    Operation,
    View,
    choice,
    flag,
    items,
    members,
    named,
    number,
    text,
)
from app.api.ncanode import origin, routes, validation
from app.api.ncanode.answer_shapes import ANSWERS, DONE, ERROR, SHAPES, enveloped
from app.api.ncanode.check_schemas import CmsSchema, ExtractSchema, ValidateSchema, VerifySchema
from app.api.ncanode.checks import RULES, CheckFailed
from app.api.ncanode.forwarding import OriginFailed, OriginNotSet, OriginRefusal
from app.api.ncanode.origin import OriginSchema
from app.api.ncanode.reach import SaveOutOfReach, SearchOutOfReach
from app.api.ncanode.schemas import (
    ALIASES,
    GetSchema,
    SaveSchema,
    SearchSchema,
    ThreadSchema,
    VersionsSchema,
)
from app.cms.crls import MalformedRevocation
from app.cms.errors import (
    MalformedSignature,
    TooCostly,
    UnsupportedAlgorithm,
    UnverifiedSignature,
)
from app.cms.x509 import MalformedExtension
from app.store.errors import (
    ContentChanged,
    CosignersLost,
    SignatureNotFound,
    VersionConflict,
    VersionNotSet,
)
from app.trust.turns import Busy

_WORDS = """\
The "Signatures Persist API" of the image perfumerlabs/ncanode, and what is answered beyond it.

Whatever the method, `GET` and `DELETE` included, parameters may stand in the query string, in a
JSON object as body (whatever `Content-Type` says) or in a form; the body wins. Lists are
`tags[]=a&tags[]=b`, `tags[0]=a`, `tags=a&tags=b`; one value is a list of one. Where text is
expected, a number is taken as its decimal text; blanks around it are dropped. What no parameter is
named for is not read, and told in `warnings`. Both generations of names are read and answered:
`chain` is the older name of `thread`, `cms` and `signature` are the same, `tag` and `tags` too.
"""
_PARAMETERS = {
    "document": "The client's own code of the document. Must be set.",
    "thread": "Tells apart the stories in which the same document is signed. Must be set.",
    "cms": "CMS in base64 (plain, base64url, with line ends, PEM, `data:`), or signed XML.",
    "version": "A version's number. Saving: the one that the client saw, where there is one.",
    "version_created_by": "Who made the version.",
    "version_comment": "What there is to say about the version.",
    "tags": "Saving: the tags of the version. Listing: of threads that have any of them.",
    "tags_mode": "`all`: of threads that have every tag.",
    "stage": "Where in the story the version stands.",
    "data": "The content of a detached signature, in base64 (or a `data:` URI) or as text: it must "
    "be what was signed, and is not kept. If the content is attached, it must be the same. Not for "
    "XML.",
    "method": "How it was signed, in the client's words.",
    "without": "`cms` leaves out the signature itself, under both of its names.",
    "with": "Several with commas: `signers` adds who signed, as far as the signature claims; "
    "`saver` the name of the token that saved it; `public_id` the thread's UUID.",
    "diff": "Adds which signers each version added, kept and lost.",
    "limit": "Rows at most; 0: all of them, streamed.",
    "offset": "Rows that are left out before the first.",
    "count": "Adds `nb_results`: how many threads match, whatever `limit` says.",
    "iin": "The IIN that a signer's certificate claims.",
    "bin": "The BIN that a signer's certificate claims.",
    "signer": "How a signer's name begins, in any letter case.",
    "sha256": "The SHA-256, as hex, of the signature or of the file that was signed.",
    "signed_from": "A date, or a time: `2026-01-31`, `2026-01-31 23:59:59`, ISO 8601.",
    "signed_to": "As `signed_from`; a date means its end.",
    "rule": f"What must hold of a signer: of {', '.join(RULES)}.",
    "constraints": "Alternatives: one of them must hold besides.",
    "verify_ocsp": "Whether it must be known that no certificate was revoked.",
    "verify_crl": "As `verify_ocsp`.",
    "revoke": "As `verify_ocsp`, in the words of an older client.",
    "checked_at": "The time as of which is verified, where no timestamp says it; else now.",
    "xml": "Signed XML.",
    "expiration": "Whether certificates must be in force.",
    "criteria": "Whether all rules must hold, or one.",
    "params": "What is forwarded, beside the operator's key and its password.",
}
#: What may be wrong with a signature, and with what is needed to verify it.
_UNREADABLE = (MalformedSignature, TooCostly, UnsupportedAlgorithm, Busy)
_UNVERIFIED = (*_UNREADABLE, MalformedExtension, MalformedRevocation)


def describe() -> Chapter:
    """Return the chapter."""
    return Chapter(
        name="ncanode",
        words=_WORDS,
        operations=_of_threads() | _of_lists() | _of_verification() | _of_servants(),
        error=ERROR,
        shapes=SHAPES,
        parameters=_PARAMETERS,
        aliases=ALIASES,
        examples=Path(__file__).with_name("examples.json"),
    )


def _of_threads() -> dict[View, Operation]:
    one = members({"signature": named("Signature")})
    warned = members({"signature": named("Signature")}, {"warnings": items(text(), _WARNINGS)})
    return {
        routes.save_signature: Operation(
            words="The first save of a thread makes it; each later one must say in `version` which "
            "version it has seen. A token that is bound to tags finds no thread without them.",
            reads=SaveSchema,
            answers={201: Answer("The version, as it was saved.", enveloped(warned, _DOUBTS))},
            refuses=(
                SignatureNotFound,  # a thread that a token bound to tags doesn't reach
                VersionNotSet,
                VersionConflict,
                SaveOutOfReach,
                SignatureNotFound,
                CosignersLost,
                ContentChanged,
                UnverifiedSignature,
                *_UNVERIFIED,
            ),
        ),
        routes.get_signature: Operation(
            reads=GetSchema,
            parameters={
                "version": "The version to give; else the current one.",
                "stage": "The stage that the version must have, else it is not found.",
            },
            answers={200: Answer("The version.", enveloped(one))},
            refuses=(SignatureNotFound,),
        ),
        routes.delete_signature: Operation(
            reads=ThreadSchema,
            answers={200: Answer("It is gone.", DONE)},
            refuses=(SignatureNotFound,),
        ),
    }


def _of_lists() -> dict[View, Operation]:
    versions = members({"versions": items(named("ListedVersion"))})
    rows = members(
        {"signatures": items(named("Signature"))},
        {"nb_results": number("With `count=1`: of all threads that match.")},
    )
    return {
        routes.list_versions: Operation(
            words="The answer is streamed, however long it is.",
            reads=VersionsSchema,
            answers={200: Answer("The versions.", enveloped(versions))},
            refuses=(SignatureNotFound,),
        ),
        routes.search_signatures: Operation(
            words="All filters must hold together. The threads are ordered by when they were first "
            "saved.",
            reads=SearchSchema,
            answers={200: Answer("The threads that match.", enveloped(rows))},
            refuses=(SearchOutOfReach,),
        ),
    }


def _of_verification() -> dict[View, Operation]:
    signers = {"signers": items(named("CheckedSigner"))}
    checked = members(ANSWERS | {"checked_at": text("ISO 8601, in UTC.")})
    validated = members({"signer": named("Holder")} | signers | {"verification": checked})
    of_version = {"version": number(), "saved_at": text("ISO 8601, in UTC.")}
    verified = members({"verification": members(of_version | ANSWERS | signers)})
    telling = {"Content-Language": "The language of the reasons: en, ru or kk."}
    return {
        validation.validate_cms: Operation(
            words="Refused unless every signer is intact and valid, nothing speaks against its "
            "certificate, and one signer is who was asked for. Where the operator has set up no "
            "trust anchor, it is refused too, unless the setting `CLAIMS=accept` says that claims "
            "are enough: then `trusted` is unknown, and nobody is `verified`. In place of `cms`, "
            "`document` and `thread` name a stored signature.",
            reads=CmsSchema,
            parameters={"version": "The version to verify; else the current one."},
            answers={200: Answer("It is good.", enveloped(validated), headers=telling)},
            refuses=(SignatureNotFound, CheckFailed, UnverifiedSignature, *_UNVERIFIED),
        ),
        validation.validate: Operation(
            words="One of `cms` and `xml` must be set; `cms` may be a certificate too.",
            reads=ValidateSchema,
            answers={200: Answer("Whether the rules hold.", members({"status": flag()}))},
            refuses=(CheckFailed, UnverifiedSignature, *_UNVERIFIED),
            stored=False,
        ),
        validation.verify_signature: Operation(
            words="Each question is answered apart, by yes, no or unknown.",
            reads=VerifySchema,
            parameters={"version": "The version to verify; else the current one."},
            answers={200: Answer("What was found out.", enveloped(verified), headers=telling)},
            refuses=(SignatureNotFound, *_UNVERIFIED),
        ),
    }


def _of_servants() -> dict[View, Operation]:
    data = members({"data": text()}, {"encoding": choice("base64")})
    return {
        validation.extract_content: Operation(
            words="As text if it is UTF-8, else in base64, which `encoding` then says.",
            reads=ExtractSchema,
            answers={200: Answer("What was signed.", enveloped(data))},
            refuses=(CheckFailed, *_UNREADABLE),
            stored=False,
        ),
        origin.ask_origin: Operation(
            words="There is a server to forward to only if the operator has named one.",
            reads=OriginSchema,
            parameters={
                "method": "The NCANode method. Must be set.",
                "version": "The version of NCANode's API; else 1.0.",
            },
            answers={
                200: Answer("What the server answered.", enveloped(members({"origin": _ANYTHING})))
            },
            refuses=(OriginRefusal, OriginNotSet, OriginFailed),
            stored=False,
        ),
    }


_WARNINGS = "What the version loses of the one before it: signers, or the content."
_DOUBTS = (
    "Why `data` is not known to be what was signed: it is only with CRLF in place of LF, or that "
    "can't be told. Not there if there is nothing to warn of."
)
_ANYTHING: Json = {"description": "JSON of any kind."}
