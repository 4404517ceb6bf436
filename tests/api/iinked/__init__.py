"""Tests of the family iinked Sign."""
