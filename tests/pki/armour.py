"""Text in which DER is sent."""

from base64 import b64encode


def pem(der: bytes, label: str = "CMS", line_end: str = "\n") -> str:
    """Put PEM armour (RFC 7468) around bytes."""
    lines = [f"-----BEGIN {label}-----", wrapped(der, 64, line_end), f"-----END {label}-----", ""]
    return line_end.join(lines)


def wrapped(der: bytes, width: int, line_end: str = "\r\n") -> str:
    """Write bytes in base64, in lines of `width` characters."""
    text = b64encode(der).decode()
    return line_end.join(text[start : start + width] for start in range(0, len(text), width))
