"""From raw rows to model inputs: the one implementation that training, export and serving share.

NumPy and the standard library only. The public names are those of ``__init__.pyi``. They are imported when first used:
a server starts sooner without the kinds that its bundles do not hold.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
