"""Documents that are kept: once each, as long as a version or a package refers to them."""
