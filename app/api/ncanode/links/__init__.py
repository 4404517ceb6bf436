"""Links to one version, for those who have no token: made, listed and revoked."""
