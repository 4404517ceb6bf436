"""Tests of the family of NCANode version 3."""
