"""Tanbahana: a store of digital signatures. The rooms: cms, store, api; `factory` joins them."""
