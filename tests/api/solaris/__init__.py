"""Solaris."""
