"""Word vectors: read from files or learned from texts."""
