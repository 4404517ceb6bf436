"""What each operation reads, and the JSON Schema that describes a field: the form for programs.

Fields read more than that (numbers from text, text from numbers, null for nothing), which the
description says once, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import fields

from app.api.iinked import fields as of_iinked
from app.api.iinked.contents import Base64Bytes
from app.api.iinked.schemas import AddSchema, ListSchema, PackageSchema
from app.api.ncanode import files as of_files
from app.api.ncanode.cards.schemas import CardFileSchema, CardSchema
from app.api.ncanode.evidence.schemas import FileSchema, VersionSchema
from app.api.ncanode.links.schemas import LinkSchema, MakeLinkSchema
from app.api.ncanode.origin.views import OriginSchema, read_params
from app.api.ncanode.parameters import ALIASES, ParametersSchema
from app.api.ncanode.signatures import fields as of_lists
from app.api.ncanode.signatures.save_schemas import SaveItemSchema, SaveSchema
from app.api.ncanode.signatures.schemas import (
    GetSchema,
    SearchSchema,
    ThreadSchema,
    VersionsSchema,
)
from app.api.ncanode.validation.rules import RULES
from app.api.ncanode.validation.schemas import (
    MAX_CONSTRAINTS,
    CmsSchema,
    ExtractSchema,
    SignerRequirementsSchema,
    ValidateSchema,
    VerifySchema,
    read_constraints,
    read_rules,
)
from app.api.ncanode3 import batch_schemas as of_batches
from app.api.ncanode3 import fields as of_ncanode3
from app.api.ncanode3.schemas import CertificatesSchema, PdfSchema, ValueSchema, XmlSchema
from app.api.ncanode3.schemas import CmsSchema as CmsSchemaV3
from app.api.ncanode3.schemas import ExtractSchema as ExtractSchemaV3
from app.api.openapi.document import Json
from app.api.params import fields as common
from app.api.params.schemas import FieldsSchema
from app.api.params.values import MAX_TEXT
from app.api.solaris.pages import FIELDS
from app.store.signatures.current_tags import MAX_TAGS

#: What the operations read, by id; those that are not here read nothing but their address.
READS: dict[str, type[FieldsSchema] | Mapping[str, fields.Field[Any]]] = {
    "saveSignature": SaveSchema,
    "saveBatch": SaveItemSchema,
    "getSignature": GetSchema,
    "deleteSignature": ThreadSchema,
    "listVersions": VersionsSchema,
    "searchSignatures": SearchSchema,
    "getEvidenceRecord": VersionSchema,
    "verifySignature": VerifySchema,
    "verifySignatureOf": VerifySchema,
    "getEvidence": VerifySchema,
    "obtainEvidence": VersionSchema,
    "getSignatureFile": FileSchema,
    "getSignatureContent": VersionSchema,
    "makeLink": MakeLinkSchema,
    "listLinks": VersionSchema,
    "revokeLink": LinkSchema,
    "getCard": CardSchema,
    "makeCard": CardSchema,
    "verifyCard": CardFileSchema,
    "validateCms": CmsSchema,
    "validateSigner": ValidateSchema,
    "extractContent": ExtractSchema,
    "extractContentByQuery": ExtractSchema,
    "forwardToNcanode": OriginSchema,
    "listPersonSignings": FIELDS,
    "addPackage": AddSchema,
    "sendPackage": PackageSchema,
    "rescindPackage": PackageSchema,
    "deletePackage": PackageSchema,
    "listPackages": ListSchema,
    "verifyCms": CmsSchemaV3,
    "extractCms": ExtractSchemaV3,
    "verifyXml": XmlSchema,
    "verifyWsse": XmlSchema,
    "verifyPdf": PdfSchema,
    "describeCertificates": CertificatesSchema,
    "verifyValue": ValueSchema,
    "verifyCmsBatch": of_batches.CmsBatchSchema,
    "extractCmsBatch": of_batches.ExtractBatchSchema,
    "verifyXmlBatch": of_batches.XmlBatchSchema,
    "verifyPdfBatch": of_batches.PdfBatchSchema,
    "verifyWsseBatch": of_batches.XmlBatchSchema,
    "describeCertificatesBatch": of_batches.CertificatesBatchSchema,
    "verifyValueBatch": of_batches.ValueBatchSchema,
}
#: Fields that a schema has for another operation, and that mean nothing here.
UNUSED = {"sendPackage": {"rescindMessage"}, "deletePackage": {"rescindMessage"}}
#: Parameters that are read for older clients only.
OLDER = {"getSignature": {"id"}, "deleteSignature": {"id"}}
#: Parameters that say nothing beside a body that is one file.
IDLE_BESIDE_FILE = {
    "verifySignatureOf": {"digest", "algorithm"},
    "validateCms": {"document", "thread", "version"},
    "validateSigner": {"xml"},
}
#: A part of a form that may be a file.
FILE_OR_TEXT = {"anyOf": [{"type": "string", "format": "binary"}, {"type": "string"}]}
#: The last part of the ids of operations that have a second address.
SECOND = "V1"


def parameters_of(operation: str) -> dict[str, Json]:
    """Return the schema of each parameter that an operation reads, by name."""
    name = operation.removesuffix(SECOND)
    read = READS.get(name, {})
    shapes = shapes_of(read()) if isinstance(read, type) else _shapes(read)
    shapes = {key: shape for key, shape in shapes.items() if key not in UNUSED.get(name, ())}
    for key in OLDER.get(name, ()):
        shapes[key] = {**shapes[key], "deprecated": True}
    aliases = {
        alias: {**shapes[known], "deprecated": True}
        for alias, known in ALIASES.items()
        if known in shapes and _is_of_ncanode(read)
    }
    return shapes | aliases


def file_of(operation: str) -> str | None:
    """Give the name of the parameter that a body is which is one file; None: files are not read."""
    read = READS.get(operation.removesuffix(SECOND))
    return read.FILE if isinstance(read, type) and issubclass(read, ParametersSchema) else None


def files_of(operation: str) -> frozenset[str]:
    """Return the content types of a body that is one file."""
    read = READS.get(operation.removesuffix(SECOND))
    assert isinstance(read, type)
    assert issubclass(read, ParametersSchema)
    return read.FILES


def parts_of(operation: str) -> dict[str, Json]:
    """Return the schema of each part of a form with files: all but objects and older names."""
    read = READS[operation.removesuffix(SECOND)]
    assert isinstance(read, type)
    return {
        field.data_key or name: _part(field)
        for name, field in read().load_fields.items()
        if shape_of(field).get("items", {}).get("type") != "object"
    }


def beside_file(operation: str) -> dict[str, Json]:
    """Return the schema of each parameter that is read beside a body that is one file."""
    idle = {file_of(operation), *IDLE_BESIDE_FILE.get(operation, ())}
    shapes = parameters_of(operation)
    return {name: shapes[name] for name in parts_of(operation) if name not in idle}


def _part(field: fields.Field[Any]) -> Json:
    return FILE_OR_TEXT if isinstance(field, _FILES) else shape_of(field)


def required_by(operation: str) -> tuple[str, ...]:
    """Return the names of parameters that must be set."""
    read = READS.get(operation.removesuffix(SECOND))
    return read.REQUIRED if isinstance(read, type) else ()


def shapes_of(schema: FieldsSchema) -> dict[str, Json]:
    """Return the schema of each field, by the name that it has in requests."""
    return _shapes({field.data_key or name: field for name, field in schema.load_fields.items()})


def _shapes(read: Mapping[str, fields.Field[Any]]) -> dict[str, Json]:
    return {name: shape_of(field) for name, field in read.items()}


def _is_of_ncanode(read: Any) -> bool:
    return isinstance(read, type) and read.__module__.startswith("app.api.ncanode.")


def shape_of(field: fields.Field[Any]) -> Json:
    """Return the schema of a field, with its default."""
    kind = next(one for one in type(field).__mro__ if one in SHAPES)
    shape = SHAPES[kind](field)
    default = field.load_default
    return {**shape, "default": default} if isinstance(default, bool | int | str) else shape


def _text(field: Any) -> Json:
    return {"type": "string", **({} if field.limit is None else {"maxLength": field.limit})}


def _integer(field: Any) -> Json:
    return {"type": "integer", "minimum": field.low, "maximum": field.high}


def _digits(field: Any) -> Json:
    return {"type": "string", "pattern": f"^{field.pattern.pattern}$"}


def _choice(field: Any) -> Json:
    return {"type": "string", "enum": list(field.choices)}


def _list(field: Any) -> Json:
    return {"type": "array", "items": _choice(field)}


def _tags(field: Any) -> Json:
    least = {} if field.wanted else {"minLength": 1}
    tag = {"type": "string", "maxLength": MAX_TEXT, **least}
    most = {"maxItems": MAX_TAGS} if field.wanted else {}
    return {"type": "array", "items": tag, **most}


def _objects(field: Any) -> Json:
    item: Json = {"type": "object", "properties": shapes_of(field.schema)}
    if field.schema.REQUIRED:
        item["required"] = list(field.schema.REQUIRED)
    return {"type": "array", "items": item, "maxItems": field.limit}


def _listed(field: Any) -> Json:
    item: Json = {"type": "string"}
    if field.schema:
        schema = field.schema()
        item = {"type": "object", "properties": shapes_of(schema)}
        item["required"] = list(schema.REQUIRED)
    return {"type": "array", "items": item, "minItems": 1, "maxItems": of_batches.MAX_ITEMS}


def _function(field: Any) -> Json:
    if field.deserialize_func is read_constraints:
        asked = {"type": "object", "properties": shapes_of(SignerRequirementsSchema())}
        return {"type": "array", "items": asked, "maxItems": MAX_CONSTRAINTS}
    if field.deserialize_func is read_rules:
        return {"type": "array", "items": {"type": "string", "enum": list(RULES)}}
    assert field.deserialize_func is read_params
    return {"type": "object", "additionalProperties": True}


_FILES = (of_files.SignatureText, of_files.Content)
#: How fields are described, by their kind; one that is not here is described as its base.
SHAPES: dict[type, Callable[[Any], Json]] = {
    common.Text: _text,
    common.Integer: _integer,
    common.VersionNumber: lambda _: {"type": "integer"},
    common.Flag: lambda _: {"type": "boolean"},
    common.Digits: _digits,
    common.Moment: lambda _: {"type": "string"},
    common.Choice: _choice,
    common.Choices: _list,
    common.Tags: _tags,
    of_files.Content: lambda _: {"type": "string"},
    of_lists.CursorText: lambda _: {"type": "string"},
    of_lists.Count: lambda field: {
        "anyOf": [{"type": "boolean"}, {"type": "string", "enum": [field.BOUNDED]}]
    },
    Base64Bytes: lambda _: {"type": "string", "contentEncoding": "base64"},
    of_iinked.OneOf: _choice,
    of_iinked.SomeOf: _list,
    of_iinked.Role: lambda _: {"type": "string", "enum": list(of_iinked.ROLE_NAMES)},
    of_iinked.JsonObject: lambda _: {"type": "object", "additionalProperties": True},
    of_iinked.Items: _objects,
    of_batches.Listed: _listed,
    of_ncanode3.Texts: lambda field: {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": field.limit,
    },
    fields.Function: _function,
}
