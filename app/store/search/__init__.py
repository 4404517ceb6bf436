"""Finding threads: criteria, the terms of the index, and pages."""
