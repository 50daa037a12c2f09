"""Raw rows as tensors: what a file of raw inputs takes, and a server of one. Needs NumPy alone."""
