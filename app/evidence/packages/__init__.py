"""A signature with all that was obtained for it, as files for programs of others."""
