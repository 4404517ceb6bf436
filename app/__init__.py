"""Tanbahana: a store of digital signatures. The packages: cms, store, api; `factory` joins them."""
