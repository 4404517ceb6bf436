"""Media types of signatures, for families with files (RFC 8551 section 3.2.1)."""

from __future__ import annotations

#: A CMS without the content that it signs, one with it, and signed XML.
DETACHED, ATTACHED, XML = "application/pkcs7-signature", "application/pkcs7-mime", "application/xml"
#: Any bytes.
OCTETS = "application/octet-stream"
PDF = "application/pdf"
ZIP = "application/zip"
#: The file name suffixes.
SUFFIXES = {DETACHED: ".p7s", ATTACHED: ".p7m", XML: ".xml", PDF: ".pdf", ZIP: ".zip"}
