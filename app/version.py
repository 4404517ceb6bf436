"""Which program this is."""

#: That of the package, and of the changelog's newest heading that has one.
VERSION = "1.0.0"
