"""Request parameters: query string, JSON, forms and files, as typed values."""
