"""ONNX operators for operations of TensorFlow that tf2onnx does not know."""
