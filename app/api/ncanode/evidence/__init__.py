"""Evidence of stored signatures: what there is, what lacks, and forms of a CMS with it inside."""
