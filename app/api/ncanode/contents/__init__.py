"""Documents that are kept beside signatures, given back."""
