"""Tests of signing by a link."""
