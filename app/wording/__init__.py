"""The wording of results: JSON for programs, sentences in the reader's language for people.

`catalogues` has the translations, `sentences` writes one sentence for one reader, and `verdicts`
writes the JSON result of verification for the API and `flask verify --json`.
"""
