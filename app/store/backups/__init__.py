"""Backups: all rows of a store and the files that go with it, in one file of our own.

The file is a ZIP archive: `manifest.json` says what is in it, `tables/NAME.jsonl` has the rows of a
table, a JSON list on each line, and `trust/…` the files of TRUST_DIR. Its comment, the last bytes,
is the SHA-256 of all before: of a file that was altered, cut or added to nothing is believed.

Rows stand in it as both databases can read them, so that a backup of one can be restored into the
other: text as it is, JSON as its text, moments as `2026-01-31 12:00:00.000000` in UTC.
"""
