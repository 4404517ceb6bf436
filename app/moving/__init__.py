"""Moving the data of a perfumerlabs/ncanode server, read from its PostgreSQL database.

Nothing is ever written there. `ciphertext` decrypts, `original` reads, `mover` writes into the
store, `comparison` compares both, and `findings` holds the report.
"""
