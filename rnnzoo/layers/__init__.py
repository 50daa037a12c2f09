"""Layers that Keras lacks, other than recurrent ones."""
