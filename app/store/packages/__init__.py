"""Packages: documents that several persons are asked to sign, and their progress."""
