"""How often one may call: counted in memory that all workers share."""
