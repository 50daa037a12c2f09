"""Reads any Keras model: its layers, inputs, outputs, states, and how it is fed and loaded."""
