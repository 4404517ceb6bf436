"""The GOST algorithms that the NCA's signatures use.

They are in plain Python, written from the RFCs; and where libraries of the system are there and
agree with that, which need no configuration for it, those compute the same, 5 to 200 times faster.

Numbers are little-endian throughout: in Kazakhstan that is so for coordinates, for both halves of a
signature, and for a digest when it is taken as a number.
"""
