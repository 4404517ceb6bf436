"""iinked Sign: packages of documents, and who has to sign them."""

from pathlib import Path

from app.api.families import Family
from app.api.iinked import routes
from app.api.iinked.shapes import tell

FAMILY = Family(
    name="iinked",
    blueprints=(routes.blueprint,),
    prefixes=("/packages/", "/api/v1/packages/"),
    tell=tell,
    openapi=Path(__file__).with_name("openapi.yaml"),
)

__all__ = ["FAMILY"]
