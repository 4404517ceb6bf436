"""The version of this program."""

#: That of the package, and of the newest numbered heading of the changelog.
VERSION = "1.0.0"
