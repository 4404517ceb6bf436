"""The operator's trust anchors, and requests for revocation data."""
