"""How what was found out is worded: for programs as JSON, for people in their language.

`catalogues` has the translations, `sentences` writes one sentence for one reader, and `verdicts`
writes the JSON in which the API and `flask verify --json` tell what is true of a signature.
"""
