"""What kinds of file signatures are, in families that tell of files (RFC 8551 section 3.2.1)."""

from __future__ import annotations

#: A CMS without the content that it signs, one with it, and signed XML.
DETACHED, ATTACHED, XML = "application/pkcs7-signature", "application/pkcs7-mime", "application/xml"
#: What names of such files end with.
SUFFIXES = {DETACHED: ".p7s", ATTACHED: ".p7m", XML: ".xml"}
