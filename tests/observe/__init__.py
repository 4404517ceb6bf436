"""How the program is seen from outside."""
