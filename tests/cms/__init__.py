"""Tests of app.cms."""
