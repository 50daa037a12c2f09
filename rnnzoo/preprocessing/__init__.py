"""From raw rows to model inputs: the one implementation that training, export and serving share.

NumPy and the standard library only.
"""

from rnnzoo.preprocessing.base import Preprocessing as Preprocessing
from rnnzoo.preprocessing.categories import CategoryPreprocessing as CategoryPreprocessing
from rnnzoo.preprocessing.character_text import CharacterTextPreprocessing as CharacterTextPreprocessing
from rnnzoo.preprocessing.characters import CharacterPreprocessing as CharacterPreprocessing
from rnnzoo.preprocessing.dna import DNAPreprocessing as DNAPreprocessing
from rnnzoo.preprocessing.features import FeaturePreprocessing as FeaturePreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing as FramePreprocessing
from rnnzoo.preprocessing.irregular import IrregularPreprocessing as IrregularPreprocessing
from rnnzoo.preprocessing.joined import JoinedPreprocessing as JoinedPreprocessing
from rnnzoo.preprocessing.kinds import PREPROCESSINGS as PREPROCESSINGS
from rnnzoo.preprocessing.log_mel import LogMelPreprocessing as LogMelPreprocessing
from rnnzoo.preprocessing.number_rows import NumbersPreprocessing as NumbersPreprocessing
from rnnzoo.preprocessing.pairs import PairPreprocessing as PairPreprocessing
from rnnzoo.preprocessing.storage import check_round_trip as check_round_trip
from rnnzoo.preprocessing.storage import check_storable as check_storable
from rnnzoo.preprocessing.storage import load_preprocessing as load_preprocessing
from rnnzoo.preprocessing.storage import save_preprocessing as save_preprocessing
from rnnzoo.preprocessing.subwords import SubwordPreprocessing as SubwordPreprocessing
from rnnzoo.preprocessing.text import TextPreprocessing as TextPreprocessing
from rnnzoo.preprocessing.tokens import TokenPreprocessing as TokenPreprocessing
from rnnzoo.preprocessing.windows import WindowPreprocessing as WindowPreprocessing
from rnnzoo.preprocessing.words import WordPreprocessing as WordPreprocessing
