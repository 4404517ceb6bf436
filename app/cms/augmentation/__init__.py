"""Evidence spliced into a copy of a CMS: every byte stands as it was, lengths alone are new."""
