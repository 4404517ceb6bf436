"""Verification of a signature: of each signer, its timestamps, path and revocation."""
