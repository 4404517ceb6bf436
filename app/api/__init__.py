"""The doors: one room for each API family, and what they share on purpose."""
