"""BER and DER (ITU-T X.690): the only reader of it."""
