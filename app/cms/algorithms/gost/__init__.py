"""The GOST algorithms that the NCA's signatures use.

They are implemented in plain Python from the RFCs. Where a system library is installed, needs no
configuration and agrees with the Python code, it computes the same 5 to 200 times faster.

Numbers are little-endian throughout: Kazakhstan encodes coordinates, both halves of a signature,
and a digest taken as a number in this way.
"""
