"""Bundles and model repositories of inference servers."""
