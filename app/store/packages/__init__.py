"""Packages: documents that several persons are asked to sign, and how far they are."""
