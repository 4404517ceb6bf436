"""How often one may call."""
