"""Moving over from an original server."""
