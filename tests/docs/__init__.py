"""What the README and the pages around it promise: their very lines are run."""
