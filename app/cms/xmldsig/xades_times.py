"""The signing time that a signer claims, in XAdES (ETSI EN 319 132-1 section 5.2.1)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import islice

from lxml import etree

from app.cms.xmldsig.attributes import list_identifiers
from app.cms.xmldsig.security_tokens import DS

#: SignedProperties of one ds:Signature that are read; a second one is of no use.
MAX_PROPERTIES = 16
# All versions of the namespace look alike.
_PROPERTIES = f"{DS}Object/{{*}}QualifyingProperties/{{*}}SignedProperties"
_SIGNING_TIME = "{*}SignedSignatureProperties/{*}SigningTime"


def find_signing_time(signature: etree._Element, uris: Iterable[str | None]) -> str | None:
    """Return the SigningTime of a ds:Signature, from properties that a Reference names.

    Anyone can add an Object to an existing signature: unsigned properties are no claim of the
    signer. Whether the Reference is intact is left to verification.

    Args:
        signature: the element.
        uris: of its References.
    """
    for properties in list_signed_properties(signature, uris):
        text: str | None = properties.findtext(_SIGNING_TIME)
        if text is not None:
            return text
    return None


def list_signed_properties(
    signature: etree._Element, uris: Iterable[str | None]
) -> Iterator[etree._Element]:
    """Return the SignedProperties of a ds:Signature that a Reference names, with these URIs."""
    named = {uri[1:] for uri in uris if uri and uri.startswith("#")}

    @cache  # Sixteen properties may be in the same Object, which may have a great many attributes.
    def is_named(element: etree._Element) -> bool:
        return not named.isdisjoint(list_identifiers(element))

    for properties in islice(signature.iterfind(_PROPERTIES), MAX_PROPERTIES):
        if any(map(is_named, (properties, *islice(properties.iterancestors(), 2)))):
            yield properties


def read_signing_time(text: str) -> datetime | None:
    """Read an xs:dateTime; None if it is none, or has no time zone."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
