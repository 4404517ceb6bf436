"""Tests of the stand-in for NCALayer."""
