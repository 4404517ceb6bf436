"""Parameters of verifying requests. A schema's `read` returns one of the frozen values below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NoReturn

from marshmallow import fields, post_load

from app.api.ncanode.files import Content, SignatureText
from app.api.ncanode.parameters import ParametersSchema, require_thread
from app.api.ncanode.validation.rules import RULES, SignerRequirements
from app.api.params.fields import Choice, Flag, Moment, Text, VersionNumber
from app.api.params.schemas import aware
from app.api.params.unread import note_inside
from app.api.params.values import as_list
from app.cms import KnownDigest
from app.services.digests import read_digest
from app.services.errors import ParameterError
from app.services.uploads import CERTIFICATES, FILES

#: Constraints of one request.
MAX_CONSTRAINTS = 200


@dataclass(frozen=True, slots=True)
class CmsRequest:
    """POST /cms/validate."""

    #: The signature, None for a stored one.
    cms: str | None
    #: Its thread and version in the store; None as version: the current one.
    document: str | None
    thread: str | None
    version: int | None
    #: The content of a detached signature, as text or in base64.
    data: str | bytes | None
    asked: SignerRequirements
    #: If there are any, one of them must be met, too.
    constraints: tuple[SignerRequirements, ...]
    #: Whether non-revocation must be known.
    revocation: bool
    #: None: now.
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ValidateRequest:
    """POST /validate."""

    #: A signature, or, if `is_xml` is false, perhaps a certificate.
    text: str
    is_xml: bool
    data: str | bytes | None
    asked: SignerRequirements
    #: Whether a certificate must be valid at present.
    expiration: bool
    #: Whether one matching rule is enough.
    any_rule: bool


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """GET and POST /signature/verify."""

    document: str
    thread: str
    version: int | None
    #: The content of a detached signature: text or base64 of it, a file, or its digest alone.
    data: str | bytes | KnownDigest | None


def read_rules(value: Any) -> tuple[str, ...]:
    """Read one or several of RULES, each once. Raises ParameterError."""
    listed = as_list(value)
    given = listed if isinstance(listed, list) else [listed]
    rules = [rule for rule in given if rule not in ("", None)]
    if not all(rule in RULES for rule in rules):
        refuse_rules()
    return tuple(dict.fromkeys(rules))


def refuse_rules() -> NoReturn:
    """Return the error with the list of rules, in the original's words."""
    raise ParameterError("Rule parameter must be one of {rules}", rules=", ".join(RULES))


class SignerRequirementsSchema(ParametersSchema):
    """The requirements on one signer: parameters of a request, or an item of `constraints`."""

    LISTS: ClassVar[tuple[str, ...]] = ("rule",)

    iin = Text()
    bin = Text()
    rule = fields.Function(
        deserialize=read_rules,
        load_default=(),
        allow_none=True,
    )

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> Any:
        """Return the requirements."""
        return signer_requirements_of(data)


def signer_requirements_of(data: Mapping[str, Any]) -> SignerRequirements:
    """Return the requirements. Raises ParameterError if a rule lacks its number."""
    asked = SignerRequirements(data["iin"] or None, data["bin"] or None, data["rule"] or ())
    for name in ("iin", "bin"):
        if name in asked.rules and getattr(asked, name) is None:
            raise ParameterError('"{field}" parameter must be set', field=name)
    return asked


_REQUIREMENTS = SignerRequirementsSchema()


def read_constraints(value: Any) -> tuple[SignerRequirements, ...]:
    """Read alternative requirements: the list may be empty, but no item.

    Raises:
        ParameterError: one can't be used; or requires nothing, so that everyone would pass.
    """
    listed = as_list(value)
    if listed in ([], ""):
        return ()
    items = [listed] if isinstance(listed, dict) else listed
    if not isinstance(items, list) or len(items) > MAX_CONSTRAINTS:
        raise ParameterError(
            '"{field}" parameter must be a list of 1 to {limit} items',
            field="constraints",
            limit=MAX_CONSTRAINTS,
        )
    read = [_read_constraint(item, place) for place, item in enumerate(items)]
    if SignerRequirements() in read:
        raise ParameterError(
            '"{field}" parameter must have items with "iin", "bin" or "rule"', field="constraints"
        )
    return tuple(read)


def _read_constraint(item: Any, number: int) -> SignerRequirements:
    if not isinstance(item, dict):
        return SignerRequirements()
    note_inside(f"constraints[{number}].", item, _REQUIREMENTS.known)
    asked: SignerRequirements = _REQUIREMENTS.load(item)
    return asked


class CmsSchema(SignerRequirementsSchema):
    """POST /cms/validate."""

    FILE: ClassVar = "cms"

    cms = SignatureText()
    document = Text()
    thread = Text()
    version = VersionNumber(load_default=None, allow_none=True)
    data = Content()
    constraints = fields.Function(
        deserialize=read_constraints,
        load_default=(),
        allow_none=True,
    )
    verify_ocsp = Flag(load_default=False)
    verify_crl = Flag(load_default=False)
    revoke = Flag(load_default=False)
    checked_at = Moment(load_default=None, allow_none=True)

    def known_beside(self, given: Mapping[str, Any]) -> frozenset[str]:
        """Omit the version where a signature is sent, which has none."""
        return self.known - {"version"} if given.get("cms") else self.known

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> CmsRequest:
        """Return the request."""
        cms = data["cms"] or None
        is_stored = data["document"] or data["thread"]
        if cms is None and is_stored:
            require_thread(data)
        elif cms is None:
            _require_cms(data)
        elif is_stored:
            raise ParameterError('Only one of "cms" and "document" with "thread" must be set')
        return CmsRequest(
            cms=cms,
            document=data["document"] or None,
            thread=data["thread"] or None,
            version=data["version"],
            data=data["data"],
            asked=signer_requirements_of(data),
            constraints=data["constraints"] or (),
            revocation=any(data[name] for name in ("verify_ocsp", "verify_crl", "revoke")),
            checked_at=aware(data["checked_at"], "checked_at"),
        )


class ExtractSchema(ParametersSchema):
    """GET and POST /cms/extract."""

    FILE: ClassVar = "cms"
    REQUIRED: ClassVar = ("cms",)

    cms = SignatureText()

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> str:
        """Return the signature."""
        return _require_cms(data)


class ValidateSchema(SignerRequirementsSchema):
    """POST /validate."""

    FILE: ClassVar = "cms"
    FILES: ClassVar = FILES | CERTIFICATES
    REQUIRED: ClassVar = ("rule",)

    cms = SignatureText()
    xml = SignatureText()
    data = Content()
    expiration = Flag(load_default=True)
    criteria = Choice("and", "or", load_default="and")

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> ValidateRequest:
        """Return the request."""
        if not data["rule"]:
            refuse_rules()
        if not data["cms"] and not data["xml"]:
            raise ParameterError("CMS or XML parameter must be set")
        if data["cms"] and data["xml"]:
            raise ParameterError("Only one of CMS or XML parameter must be set")
        return ValidateRequest(
            text=data["cms"] or data["xml"],
            is_xml=bool(data["xml"]),
            data=data["data"],
            asked=signer_requirements_of(data),
            expiration=data["expiration"] is not False,
            any_rule=data["criteria"] == "or",
        )


class VerifySchema(ParametersSchema):
    """GET and POST /signature/verify."""

    FILE: ClassVar = "data"
    REQUIRED: ClassVar = ("document", "thread")

    document = Text()
    thread = Text()
    version = VersionNumber(load_default=None, allow_none=True)
    data = Content()
    digest = Text()
    algorithm = Text()

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> VerifyRequest:
        """Return the request."""
        require_thread(data)
        digest = read_digest(data["digest"] or None, data["algorithm"] or None)
        if digest is not None and data["data"] is not None:
            raise ParameterError('Only one of "data" and "digest" must be set')
        content = data["data"] if digest is None else digest
        return VerifyRequest(data["document"], data["thread"], data["version"], content)


def _require_cms(data: Mapping[str, Any]) -> str:
    cms: str | None = data["cms"]
    if not cms:
        raise ParameterError('"{field}" parameter must be set', field="cms")
    return cms
