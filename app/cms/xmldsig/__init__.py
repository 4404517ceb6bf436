"""Signatures in XML (XMLDSig, XAdES, WS-Security): parsing and verifying them."""
