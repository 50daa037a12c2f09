"""Measures how well a model answers: scores, the joining of batches, baselines on the same rows."""
