"""What one verification reads: the members of a request, or of an item of a batch.

A schema's `read` returns one of the frozen values below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import missing

from app.api.ncanode3.errors import FieldNotSet
from app.api.ncanode3.fields import Sources, Texts
from app.api.params.fields import Text
from app.api.params.schemas import FieldsSchema

#: Certificates of one request to describe them.
MAX_CERTIFICATES = 100


@dataclass(frozen=True, slots=True)
class SignatureItem:
    """A signature to verify; `data` is base64 of the content of a CMS, None if it isn't sent.

    `asked` are the sources of revocation that the caller names: if there is any, non-revocation
    must be known.
    """

    text: str
    data: str | None
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CertificatesItem:
    """Certificates to describe, each as text; `asked` as above."""

    texts: tuple[str, ...]
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValueItem:
    """A bare signature value in base64, the text that it is over, and the signer's certificate."""

    certificate: str
    signature: str
    data: str


class ItemSchema(FieldsSchema):
    """Base of the schemas: members that NCANode does not read are ignored."""

    def read(self, item: Mapping[str, Any]) -> Any:
        """Read the members of an item.

        Raises:
            FieldNotSet: a required one is missing.
            ParameterError: one can't be used.
        """
        for name in self.REQUIRED:
            if item.get(name) in (None, ""):
                raise FieldNotSet('"{field}" parameter must be set', field=name)
        # As `load` does, which takes four times as long: the fields raise errors of their own.
        data = {
            name: field.deserialize(item.get(name, missing), name, item)
            for name, field in self.load_fields.items()
        }
        return self.build(data)

    def build(self, data: dict[str, Any]) -> Any:
        """Return the item of these values of its fields."""
        raise NotImplementedError


class SignatureSchema(ItemSchema):
    """Base of the schemas of a signature, which is the one required member."""

    revocationCheck = Sources()  # noqa: N815  # NCANode's name

    def build(self, data: dict[str, Any]) -> SignatureItem:
        """Return the item."""
        [name] = self.REQUIRED
        return SignatureItem(data[name], data.get("data") or None, data["revocationCheck"] or ())


class CmsSchema(SignatureSchema):
    """POST /cms/verify."""

    REQUIRED: ClassVar = ("cms",)

    cms = Text(limit=None, strip=False)
    data = Text(limit=None, strip=False)


class ExtractSchema(ItemSchema):
    """POST /cms/extract."""

    REQUIRED: ClassVar = ("cms",)

    cms = Text(limit=None, strip=False)

    def build(self, data: dict[str, Any]) -> str:
        """Return the signature."""
        text: str = data["cms"]
        return text


class XmlSchema(SignatureSchema):
    """POST /xml/verify and /wsse/verify."""

    REQUIRED: ClassVar = ("xml",)

    xml = Text(limit=None, strip=False)


class PdfSchema(SignatureSchema):
    """POST /pdf/verify."""

    REQUIRED: ClassVar = ("pdf",)

    pdf = Text(limit=None, strip=False)


class CertificatesSchema(ItemSchema):
    """POST /x509/info."""

    REQUIRED: ClassVar = ("certs",)

    certs = Texts(limit=MAX_CERTIFICATES)
    revocationCheck = Sources()  # noqa: N815  # NCANode's name

    def build(self, data: dict[str, Any]) -> CertificatesItem:
        """Return the item."""
        return CertificatesItem(data["certs"], data["revocationCheck"] or ())


class ValueSchema(ItemSchema):
    """POST /x509/verify."""

    REQUIRED: ClassVar = ("certificate", "signature", "data")

    certificate = Text(limit=None, strip=False)
    signature = Text(limit=None, strip=False)
    data = Text(limit=None, strip=False)

    def build(self, data: dict[str, Any]) -> ValueItem:
        """Return the item."""
        return ValueItem(data["certificate"], data["signature"], data["data"])
