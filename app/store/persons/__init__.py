"""Persons by the number that their certificates claim, and what they signed."""
