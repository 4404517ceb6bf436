"""Fields that accept files besides text: a signature, and the content that was signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from app.api.params.fields import Text
from app.services.spooled import Upload
from app.services.uploads import as_text


class SignatureText(Text):
    """A signature, or a certificate: base64, PEM or XML; or a file of DER, or of such text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(limit=None, strip=False, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kw: Any
    ) -> str | None:
        text = as_text(value, str(attr)) if isinstance(value, bytes) else value
        return super()._deserialize(text, attr, data, **kw)


class Content(fields.Field[str | bytes | Upload | None]):
    """The signed content: text or base64 of it, or a file, which may be empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(load_default=None, allow_none=True, **options)
        self.text = Text(limit=None, strip=False)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kw: Any
    ) -> str | bytes | Upload | None:
        if isinstance(value, (bytes, Upload)):
            return value
        return self.text.deserialize(value, attr, data) or None
