"""What the README and the files around it promise: their very lines are run."""
