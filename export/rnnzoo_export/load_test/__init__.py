"""Putting load on a server, and saying what its clients saw."""
