"""Connections of clients, and what the workers share."""
