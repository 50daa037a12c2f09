# The public names, each with its module. They are written here alone: `__init__.py` reads this file.
from .conditions import Condition as Condition
from .default_space import default_space as default_space
from .dimensions import Choice as Choice
from .dimensions import Integer as Integer
from .dimensions import Real as Real
from .hypermodel import SequenceHyperModel as SequenceHyperModel
from .hypermodel import ZooHyperModel as ZooHyperModel
from .oracle import StudyOracle as StudyOracle
from .result import SearchResult as SearchResult
from .runner import run_search as run_search
from .space import SearchSpace as SearchSpace
from .tuner import SequenceTuner as SequenceTuner

__all__: list[str]
