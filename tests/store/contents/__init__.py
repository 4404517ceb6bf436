"""Tests of the documents that are kept."""
