"""Backups: all rows of a store and its trust files, in one file of the project's own format.

The file is a ZIP archive: `manifest.json` says what is in it, `tables/NAME.jsonl` has the rows of a
table, a JSON list on each line, and `trust/…` the files of TRUST_DIR. Its comment, the last bytes,
is the SHA-256 of everything before it: a file that was altered, truncated or extended is refused.

Rows are written so that both databases can read them, so that a backup of one can be restored into
the other: text as it is, JSON as its text, times as `2026-01-31 12:00:00.000000` in UTC.
"""
