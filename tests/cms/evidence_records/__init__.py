"""Tests of app.cms.evidence_records."""
