"""What the requests that verify carry. A schema's `read` gives one of the frozen values below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NoReturn

from marshmallow import fields

from app.api.fields import Choice, Flag, Moment, Text, VersionNumber
from app.api.ncanode.checks import RULES, Asked
from app.api.ncanode.schemas import ParametersSchema
from app.api.parameters import ParameterError
from app.api.schemas import aware

#: Constraints of one request.
MAX_CONSTRAINTS = 200


@dataclass(frozen=True, slots=True)
class CmsRequest:
    """POST /cms/validate."""

    cms: str
    #: Base64 of the content of a detached signature.
    data: str | None
    asked: Asked
    #: If there are any, one of them must hold besides.
    constraints: tuple[Asked, ...]
    #: Whether it must be known that no certificate was revoked.
    revocation: bool
    #: None: now.
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ValidateRequest:
    """POST /validate."""

    #: A signature, or where `is_xml` is false perhaps a certificate.
    text: str
    is_xml: bool
    data: str | None
    asked: Asked
    #: Whether a certificate must be in force.
    expiration: bool
    #: Whether one rule is enough.
    any_rule: bool


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """GET /signature/verify."""

    document: str
    thread: str
    version: int | None
    data: str | None


def read_rules(value: Any) -> tuple[str, ...]:
    """Read one or several of RULES, each once. Raises ParameterError."""
    given = value if isinstance(value, list) else [value]
    rules = [rule for rule in given if rule not in ("", None)]
    if not all(rule in RULES for rule in rules):
        refuse_rules()
    return tuple(dict.fromkeys(rules))


def refuse_rules() -> NoReturn:
    """Say which rules there are, in the original's words."""
    raise ParameterError("Rule parameter must be one of {rules}", rules=", ".join(RULES))


class AskedSchema(ParametersSchema):
    """What is asked of one signer: as parameters of a request, or as an item of `constraints`."""

    LISTS: ClassVar[tuple[str, ...]] = ("rule",)

    iin = Text()
    bin = Text()
    rule = fields.Function(
        deserialize=read_rules,
        load_default=(),
        allow_none=True,
        metadata={"shape": {"type": ["array", "string", "null"], "items": {"enum": [*RULES, ""]}}},
    )

    def build(self, data: dict[str, Any]) -> Any:
        """Return what is asked."""
        return asked_of(data)


def asked_of(data: Mapping[str, Any]) -> Asked:
    """Put together what is asked. Raises ParameterError if a rule has no number to go by."""
    asked = Asked(data["iin"] or None, data["bin"] or None, data["rule"] or ())
    for name in ("iin", "bin"):
        if name in asked.rules and getattr(asked, name) is None:
            raise ParameterError('"{field}" parameter must be set', field=name)
    return asked


_ASKED = AskedSchema()


def read_constraints(value: Any) -> tuple[Asked, ...]:
    """Read alternatives of what is asked. None may be empty: it would let everybody pass.

    Raises:
        ParameterError: one can't be used, or there is none.
    """
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list) or not 0 < len(items) <= MAX_CONSTRAINTS:
        raise ParameterError(
            '"{field}" parameter must be a list of 1 to {limit} items',
            field="constraints",
            limit=MAX_CONSTRAINTS,
        )
    read = [_ASKED.of(item) if isinstance(item, dict) else Asked() for item in items]
    if Asked() in read:
        raise ParameterError(
            '"{field}" parameter must have items with "iin", "bin" or "rule"', field="constraints"
        )
    return tuple(read)


_CONSTRAINTS = {
    "type": ["array", "object", "null"],
    "items": {"type": "object", "properties": _ASKED.shapes()},
    "minItems": 1,
    "maxItems": MAX_CONSTRAINTS,
}


class CmsSchema(AskedSchema):
    """POST /cms/validate."""

    DEMANDED: ClassVar = ("cms",)

    cms = Text(limit=None, strip=False)
    data = Text(limit=None, strip=False)
    constraints = fields.Function(
        deserialize=read_constraints,
        load_default=(),
        allow_none=True,
        metadata={"shape": _CONSTRAINTS},
    )
    verify_ocsp = Flag(load_default=False, allow_none=True)
    verify_crl = Flag(load_default=False, allow_none=True)
    checked_at = Moment(load_default=None, allow_none=True)

    def build(self, data: dict[str, Any]) -> CmsRequest:
        """Return the request."""
        return CmsRequest(
            cms=_demand_cms(data),
            data=data["data"] or None,
            asked=asked_of(data),
            constraints=data["constraints"] or (),
            revocation=bool(data["verify_ocsp"] or data["verify_crl"]),
            checked_at=aware(data["checked_at"], "checked_at"),
        )


class ExtractSchema(ParametersSchema):
    """GET and POST /cms/extract."""

    DEMANDED: ClassVar = ("cms",)

    cms = Text(limit=None, strip=False)

    def build(self, data: dict[str, Any]) -> str:
        """Return the signature."""
        return _demand_cms(data)


class ValidateSchema(AskedSchema):
    """POST /validate."""

    DEMANDED: ClassVar = ("rule",)

    cms = Text(limit=None, strip=False)
    xml = Text(limit=None, strip=False)
    data = Text(limit=None, strip=False)
    expiration = Flag(load_default=True, allow_none=True)
    criteria = Choice("and", "or", load_default="and")

    def build(self, data: dict[str, Any]) -> ValidateRequest:
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
            data=data["data"] or None,
            asked=asked_of(data),
            expiration=data["expiration"] is not False,
            any_rule=data["criteria"] == "or",
        )


class VerifySchema(ParametersSchema):
    """GET /signature/verify."""

    DEMANDED: ClassVar = ("document", "thread")

    document = Text()
    thread = Text()
    version = VersionNumber(load_default=None, allow_none=True)
    data = Text(limit=None, strip=False)

    def build(self, data: dict[str, Any]) -> VerifyRequest:
        """Return the request."""
        if not data["document"] or not data["thread"]:
            raise ParameterError('"Thread" and "document" parameters must be set')
        return VerifyRequest(
            data["document"], data["thread"], data["version"], data["data"] or None
        )


def _demand_cms(data: Mapping[str, Any]) -> str:
    cms: str | None = data["cms"]
    if not cms:
        raise ParameterError('"{field}" parameter must be set', field="cms")
    return cms
