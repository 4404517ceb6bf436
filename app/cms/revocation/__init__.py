"""CRLs and OCSP responses: the status of a certificate, and since when (RFC 5280, RFC 6960)."""
