"""The simplest sensible rivals of a recurrent network, on the identical rows."""

from rnnzoo.training.baselines.baselines import Answered as Answered
from rnnzoo.training.baselines.baselines import answer_each as answer_each
from rnnzoo.training.baselines.baselines import list_baselines as list_baselines
from rnnzoo.training.baselines.baselines import run_baselines as run_baselines
from rnnzoo.training.baselines.views import design as design
