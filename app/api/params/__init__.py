"""What a request carries: query string, JSON, forms and files, as typed values."""
