"""A network that carries its states from call to call."""
