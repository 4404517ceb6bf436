"""The "Signatures Persist API" of the image perfumerlabs/ncanode."""

from pathlib import Path

from app.api import envelope
from app.api.family import Family
from app.api.ncanode.origin import views as origin
from app.api.ncanode.origin.client import OriginFailed, OriginNotSet, OriginRefusal
from app.api.ncanode.signatures import views as routes
from app.api.ncanode.signatures.tag_scope import SaveOutOfReach, SearchOutOfReach
from app.api.ncanode.validation import views as validation
from app.api.ncanode.validation.rules import CheckFailed

FAMILY = Family(
    name="ncanode",
    blueprints=(routes.blueprint, validation.blueprint, origin.blueprint),
    prefixes=(),
    answer_error=envelope.answer_error,
    openapi=Path(__file__).with_name("openapi.yaml"),
    statuses={
        CheckFailed: 400,
        OriginRefusal: 400,
        SaveOutOfReach: 403,
        SearchOutOfReach: 403,
        OriginNotSet: 501,
        OriginFailed: 502,
    },
)

__all__ = ["FAMILY"]
