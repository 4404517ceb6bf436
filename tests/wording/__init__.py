"""Tests of app.wording."""
