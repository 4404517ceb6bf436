"""SignedData of CMS (RFC 5652): what is in it, and whether its signers signed."""
