"""Evidence that is obtained and kept."""
