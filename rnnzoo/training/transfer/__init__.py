"""Takes weights from another run."""
