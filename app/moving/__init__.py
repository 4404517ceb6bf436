"""Moving over: what a perfumerlabs/ncanode server keeps is read out of its PostgreSQL database.

Nothing is ever written there. `ciphertext` decrypts, `original` reads, `mover` writes into the
store, `comparison` holds both against each other, and `findings` has what is told afterwards.
"""
