"""Data: files, arrays, frames and `tf.data` to training, validation and test parts."""
