"""A package as a user of rnnzoo writes it, outside of its tree: one of each part that can be registered.

``import tidal`` is for training and export; a server without TensorFlow imports ``tidal.serving`` alone.
"""

import tidal.serving
import tidal.training  # noqa: F401 - both register what they hold
