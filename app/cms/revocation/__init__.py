"""CRLs and OCSP responses: what they say of a certificate, and since when (RFC 5280, RFC 6960)."""
