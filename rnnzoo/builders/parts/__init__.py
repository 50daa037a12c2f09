"""What several builders are made of: inputs, encoder, head, convolutions."""
