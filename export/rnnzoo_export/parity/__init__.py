"""Proves that an exported file answers as its Keras model does."""
