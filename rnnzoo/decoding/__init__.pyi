# The public names, each with its module. They are written here alone: `__init__.py` reads this file.
from .answers import Answer as Answer
from .answers import BinaryDecoding as BinaryDecoding
from .answers import ClassDecoding as ClassDecoding
from .answers import Decoding as Decoding
from .answers import LabelDecoding as LabelDecoding
from .answers import TagDecoding as TagDecoding
from .answers import ValueDecoding as ValueDecoding
from .storage import check_decoding_round_trip as check_decoding_round_trip
from .storage import check_storable_decoding as check_storable_decoding
from .storage import load_decoding as load_decoding
from .storage import save_decoding as save_decoding
