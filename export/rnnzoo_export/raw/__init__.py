"""Preprocessing as part of the exported graph: from raw text, series and sound."""
