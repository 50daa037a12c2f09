"""What a model gets right and wrong on a part of the data, beyond its scores."""
