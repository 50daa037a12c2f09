"""Callbacks and monitors of a training."""
