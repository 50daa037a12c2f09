"""The simplest sensible baselines of a recurrent network, on the identical rows."""

from rnnzoo.evaluation.baselines.baselines import Answered as Answered
from rnnzoo.evaluation.baselines.baselines import answer_each as answer_each
from rnnzoo.evaluation.baselines.baselines import list_baselines as list_baselines
from rnnzoo.evaluation.baselines.baselines import run_baselines as run_baselines
from rnnzoo.evaluation.baselines.views import design as design
