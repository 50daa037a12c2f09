"""Search over the models of the zoo with Keras Tuner.

The public names are those of ``__init__.pyi``.
"""

import lazy_loader

from rnnzoo.native_logs import install_hook as _install_hook

_install_hook()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
