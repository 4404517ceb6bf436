"""Rate limits: requests and computing time of callers, counted in memory shared by all workers."""
