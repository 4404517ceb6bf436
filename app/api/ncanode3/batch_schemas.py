"""What a request with many items reads: a list, and what all items share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import fields

from app.api.ncanode3.errors import FieldNotSet
from app.api.ncanode3.fields import Sources
from app.api.ncanode3.schemas import CmsSchema, ItemSchema, ValueSchema
from app.api.params.values import as_list
from app.services.errors import ParameterError

#: Items of one request.
MAX_ITEMS = 1_000


class Listed(fields.Field[list[Any]]):
    """A list of items: objects with the members of `schema`, or texts. Each is read by itself."""

    def __init__(self, schema: type[ItemSchema] | None = None) -> None:
        super().__init__(required=True)
        self.schema = schema

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> list[Any]:
        del data
        given = as_list(value)
        if not isinstance(given, list):
            raise ParameterError('"{field}" parameter must be a list', field=attr)
        if not given:
            # As for a field that is not set: both are NotEmpty in NCANode's version 4.
            raise FieldNotSet('"{field}" parameter must have at least one item', field=attr)
        if len(given) > MAX_ITEMS:
            raise ParameterError(
                '"{field}" parameter must have at most {limit} items', field=attr, limit=MAX_ITEMS
            )
        return given


class BatchSchema(ItemSchema):
    """Base of the schemas: `MEMBER` of an item is a text of the list; None: items are objects."""

    MEMBER: ClassVar[str | None] = None

    revocationCheck = Sources()  # noqa: N815  # NCANode's name

    def build(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """Return each item with what all share; one that is no object has no members."""
        shared = {"revocationCheck": list(data["revocationCheck"] or ())}
        [name] = self.REQUIRED
        if self.MEMBER:
            return [shared | {self.MEMBER: text} for text in data[name]]
        return [shared | one if isinstance(one, dict) else shared for one in data[name]]


class CmsBatchSchema(BatchSchema):
    """POST /cms/verify/batch."""

    REQUIRED: ClassVar = ("items",)

    items = Listed(CmsSchema)


class ExtractBatchSchema(BatchSchema):
    """POST /cms/extract/batch."""

    REQUIRED: ClassVar = ("cms",)
    MEMBER: ClassVar = "cms"

    cms = Listed()


class XmlBatchSchema(BatchSchema):
    """POST /xml/verify/batch and /wsse/verify/batch."""

    REQUIRED: ClassVar = ("xmls",)
    MEMBER: ClassVar = "xml"

    xmls = Listed()


class PdfBatchSchema(BatchSchema):
    """POST /pdf/verify/batch."""

    REQUIRED: ClassVar = ("pdfs",)
    MEMBER: ClassVar = "pdf"

    pdfs = Listed()


class CertificatesBatchSchema(BatchSchema):
    """POST /x509/info/batch: a result for each certificate."""

    REQUIRED: ClassVar = ("certs",)
    MEMBER: ClassVar = "certs"

    certs = Listed()


class ValueBatchSchema(BatchSchema):
    """POST /x509/verify/batch."""

    REQUIRED: ClassVar = ("items",)

    items = Listed(ValueSchema)


#: What each reads, by the path of the request for one item.
BATCHES: Mapping[str, BatchSchema] = {
    "/cms/verify": CmsBatchSchema(),
    "/cms/extract": ExtractBatchSchema(),
    "/xml/verify": XmlBatchSchema(),
    "/wsse/verify": XmlBatchSchema(),
    "/pdf/verify": PdfBatchSchema(),
    "/x509/info": CertificatesBatchSchema(),
    "/x509/verify": ValueBatchSchema(),
}
