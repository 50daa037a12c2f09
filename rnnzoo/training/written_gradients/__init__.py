"""Recurrent loops whose gradients are written out, which train faster on a CPU."""
