"""Passing requests on to the operator's own NCANode server."""
