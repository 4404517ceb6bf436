"""Tests of the evidence that is kept."""
