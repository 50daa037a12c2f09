"""Optimizers, schedules, rates by group of layers, averaging, precision and losses."""
