"""SignedData of CMS (RFC 5652): its contents, and the verification of its signers."""
