"""X.509 certificates (RFC 5280): parsing, without judging."""
