"""PDFs: cards, signatures, and what hostile files do."""
