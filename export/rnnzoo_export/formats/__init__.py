"""The files that an export writes: ONNX, SavedModel, streaming, encoder and decoder, quantized."""
