"""iinked Sign: packages of documents, and who has to sign them."""

from app.api.families import Family
from app.api.iinked import routes
from app.api.iinked.description import describe
from app.api.iinked.shapes import tell

FAMILY = Family(
    name="iinked",
    blueprints=(routes.blueprint,),
    prefixes=("/packages/", "/api/v1/packages/"),
    tell=tell,
    describe=describe,
)

__all__ = ["FAMILY"]
