"""Signing by a link: what a signer sends is verified, joined with what is there, and saved.

No web here: who calls has read the request, and writes the answer.
"""
