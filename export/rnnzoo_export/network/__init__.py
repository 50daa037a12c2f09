"""The Keras model as the exporter sees it: traced, with what its inputs mean and the batches that fit it."""
