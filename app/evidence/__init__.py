"""What is obtained and kept so that a signature can be verified when its certificate has ended."""
