"""Evidence records (RFC 4998): one timestamp proves when many objects existed, for decades."""
