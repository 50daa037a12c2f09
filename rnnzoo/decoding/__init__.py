"""From model outputs to answers: the one implementation that evaluation and serving share.

NumPy and the standard library only. The public names are those of ``__init__.pyi``. They are imported when first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
