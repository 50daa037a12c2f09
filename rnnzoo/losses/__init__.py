"""The losses that Keras lacks, one to a file; the task table names them."""
