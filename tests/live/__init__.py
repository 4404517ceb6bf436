"""The real server over real sockets, on both databases. Nothing is replaced by a stand-in."""
