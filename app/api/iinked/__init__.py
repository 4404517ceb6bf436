"""iinked Sign: packages of documents, and their signers."""

from pathlib import Path

from app.api.family import Family
from app.api.iinked import views as routes
from app.api.iinked.errors import (
    InvalidSignBy,
    InvalidState,
    InvalidType,
    NameLength,
    NoDocuments,
    NoSigners,
)
from app.api.iinked.serializers import answer_error

FAMILY = Family(
    name="iinked",
    blueprints=(routes.blueprint,),
    prefixes=("/packages/", "/api/v1/packages/"),
    answer_error=answer_error,
    openapi=Path(__file__).with_name("openapi.yaml"),
    statuses=dict.fromkeys(
        (InvalidType, InvalidState, InvalidSignBy, NoDocuments, NoSigners, NameLength), 400
    ),
)

__all__ = ["FAMILY"]
