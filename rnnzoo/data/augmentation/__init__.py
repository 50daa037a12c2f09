"""Noise for training rows, drawn anew in each epoch."""
