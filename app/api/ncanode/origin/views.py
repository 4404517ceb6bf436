"""POST /origin: a request to the operator's own NCANode server, with the operator's key added."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from flask import Blueprint, Response, current_app, request
from marshmallow import fields, post_load

from app.api import envelope
from app.api.ncanode.origin.client import OriginNotSet, Secrets, ask, read_secrets
from app.api.ncanode.parameters import ParametersSchema
from app.api.params.fields import Text
from app.auth import needs
from app.services.errors import ParameterError

#: Bytes by which an answer may be larger than a request: what a signature adds to its content.
ROOM = 1024 * 1024

blueprint = Blueprint("origin", __name__)


@dataclass(frozen=True, slots=True)
class OriginRequest:
    """POST /origin."""

    method: str
    version: str
    params: dict[str, Any]


def read_params(value: Any) -> dict[str, Any]:
    """Read any JSON object. PHP writes an empty one as `[]`."""
    if value in ([], ""):
        return {}
    if not isinstance(value, dict):
        raise ParameterError('"{field}" parameter must be an object', field="params")
    return value


class OriginSchema(ParametersSchema):
    """POST /origin."""

    REQUIRED: ClassVar = ("method",)

    method = Text()
    version = Text()
    params = fields.Function(
        deserialize=read_params,
        load_default=None,
        allow_none=True,
    )

    @post_load
    def build(self, data: dict[str, Any], **_options: object) -> OriginRequest:
        """Return the request."""
        if not data["method"]:
            raise ParameterError('"{field}" parameter must be set', field="method")
        return OriginRequest(data["method"], data["version"] or "1.0", data["params"] or {})


_ORIGIN = OriginSchema()


@blueprint.post("/origin")
@needs("admin")
def ask_origin() -> Response:
    """Forward a request to the NCANode server, and return its answer."""
    wanted: OriginRequest = _ORIGIN.read(request)
    url: str | None = current_app.config["NCANODE_URL"]
    if url is None:
        raise OriginNotSet("NCANODE_REMOTE_URL is not set, so there is no server to forward to")
    if current_app.config["NCANODE_KEY"] and not current_app.config["AUTH"]:
        raise OriginNotSet(
            "The organisation's key signs for callers with a token only: set AUTH=on"
        )
    secrets = read_secrets(
        current_app.config["NCANODE_KEY"], current_app.config["NCANODE_PASSWORD"]
    )
    limit = current_app.config["MAX_CONTENT_LENGTH"] + ROOM
    answer = ask(url, _write(wanted, secrets), secrets, limit)
    return envelope.success({"origin": orjson.Fragment(json.dumps(answer))})


def _write(wanted: OriginRequest, secrets: Secrets | None) -> bytes:
    """Return the request to forward. `params` can't replace the operator's key."""
    params = wanted.params | (secrets.params if secrets else {})
    body: dict[str, Any] = {"method": wanted.method, "version": wanted.version}
    if params:
        body["params"] = params
    return json.dumps(body).encode()
