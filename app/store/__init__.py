"""The store: signatures, their versions, their tags. Functions that take a Connection."""
