"""Forwarding requests to the operator's own NCANode server."""
