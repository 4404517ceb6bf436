"""The GOST algorithms that the NCA's signatures use, in plain Python, written from the RFCs.

No library that is kept up has them. Numbers are little-endian throughout: in Kazakhstan that is so
for coordinates, for both halves of a signature, and for a digest when it is taken as a number.
"""
