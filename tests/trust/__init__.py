"""Whom the operator trusts, and whom he has asked."""
