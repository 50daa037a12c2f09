"""Export to SavedModel and ONNX, proof that both answer as the model does, bundles, and serving.

The public names are those of ``__init__.pyi``. They are imported when first used: the server needs no TensorFlow.
"""

import lazy_loader

from rnnzoo.native_logs import install_hook as _install_hook

_install_hook()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
