"""When a signer says to have signed, in XAdES (ETSI EN 319 132-1 section 5.2.1)."""

from datetime import UTC, datetime

from lxml import etree

from app.cms.security_tokens import DS

# All versions of the namespace look alike.
_SIGNING_TIME = "/".join(
    (
        f"{DS}Object",
        "{*}QualifyingProperties",
        "{*}SignedProperties",
        "{*}SignedSignatureProperties",
        "{*}SigningTime",
    )
)


def find_signing_time(signature: etree._Element) -> str | None:
    """Return what stands as SigningTime in a ds:Signature; None if there is none."""
    return signature.findtext(_SIGNING_TIME)


def read_signing_time(text: str) -> datetime | None:
    """Read an xs:dateTime; None if it is none, or doesn't say in which time zone it is."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
