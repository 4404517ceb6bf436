"""Penbox."""
