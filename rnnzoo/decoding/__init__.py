"""From model outputs to answers: the one implementation that evaluation and serving share.

NumPy and the standard library only.
"""

from rnnzoo.decoding.answers import Answer as Answer
from rnnzoo.decoding.answers import Decoding as Decoding
from rnnzoo.decoding.storage import load_decoding as load_decoding
from rnnzoo.decoding.storage import save_decoding as save_decoding
