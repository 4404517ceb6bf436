"""DejaVu Sans 2.37, which has all Kazakh letters; LICENSE says under which terms."""
