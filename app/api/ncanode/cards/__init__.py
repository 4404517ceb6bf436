"""Cards of electronic documents: made of what is stored, and verified, wherever they were made."""
