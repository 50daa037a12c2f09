"""Recurrent networks for Keras 3: builders, data and training.

The public names are those of ``__init__.pyi``. They are imported when first used, so that importing the package, the
command's help and the server need no TensorFlow.
"""

import lazy_loader

from rnnzoo.native_logs import install_hook as _install_hook

_install_hook()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
