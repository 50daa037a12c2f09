"""From model outputs to answers: the one implementation that evaluation and serving share.

NumPy and the standard library only.
"""

from rnnzoo.decoding.answers import Answer as Answer
from rnnzoo.decoding.answers import BinaryDecoding as BinaryDecoding
from rnnzoo.decoding.answers import ClassDecoding as ClassDecoding
from rnnzoo.decoding.answers import Decoding as Decoding
from rnnzoo.decoding.answers import LabelDecoding as LabelDecoding
from rnnzoo.decoding.answers import TagDecoding as TagDecoding
from rnnzoo.decoding.answers import ValueDecoding as ValueDecoding
from rnnzoo.decoding.storage import check_decoding_round_trip as check_decoding_round_trip
from rnnzoo.decoding.storage import check_storable_decoding as check_storable_decoding
from rnnzoo.decoding.storage import load_decoding as load_decoding
from rnnzoo.decoding.storage import save_decoding as save_decoding
