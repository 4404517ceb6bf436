"""How often one may call, and for how much: counted in memory that all workers share."""
