"""Builders: functions from a few words to an uncompiled functional Keras model."""
