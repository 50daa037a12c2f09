"""The run directory: what a training writes."""
