"""The HTTP API: one package for each API family, and the code that they share."""
