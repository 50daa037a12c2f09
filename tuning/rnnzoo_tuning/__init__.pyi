# The public names, each with its module. They are written here alone: `__init__.py` reads this file.
from .runner import SearchResult as SearchResult
from .runner import run_search as run_search
from .space import Choice as Choice
from .space import Integer as Integer
from .space import Real as Real
from .space import SearchSpace as SearchSpace
from .space import default_space as default_space

__all__: list[str]
