"""Cross-validation: a model trained and scored on every fold of the data."""
