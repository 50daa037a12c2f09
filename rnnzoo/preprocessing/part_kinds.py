"""The preprocessings that read one kind of rows, by the names under which they are stored."""

from __future__ import annotations

from rnnzoo.preprocessing.base import Preprocessing
from rnnzoo.preprocessing.categories import CategoryPreprocessing
from rnnzoo.preprocessing.character_text import CharacterTextPreprocessing
from rnnzoo.preprocessing.characters import CharacterPreprocessing
from rnnzoo.preprocessing.dna import DNAPreprocessing
from rnnzoo.preprocessing.features import FeaturePreprocessing
from rnnzoo.preprocessing.frames import FramePreprocessing
from rnnzoo.preprocessing.irregular import IrregularPreprocessing
from rnnzoo.preprocessing.log_mel import LogMelPreprocessing
from rnnzoo.preprocessing.number_rows import NumbersPreprocessing
from rnnzoo.preprocessing.pairs import PairPreprocessing
from rnnzoo.preprocessing.subwords import SubwordPreprocessing
from rnnzoo.preprocessing.text import TextPreprocessing
from rnnzoo.preprocessing.tokens import TokenPreprocessing
from rnnzoo.preprocessing.windows import WindowPreprocessing
from rnnzoo.preprocessing.words import WordPreprocessing
from rnnzoo.registry import Registry

#: All but the joined one, whose parts they can be; what is registered as a preprocessing joins them.
PART_KINDS: Registry[type[Preprocessing]] = Registry(
    "preprocessing",
    {
        entry.kind: entry
        for entry in (
            TextPreprocessing,
            TokenPreprocessing,
            CharacterPreprocessing,
            FeaturePreprocessing,
            WindowPreprocessing,
            LogMelPreprocessing,
            IrregularPreprocessing,
            CharacterTextPreprocessing,
            WordPreprocessing,
            SubwordPreprocessing,
            PairPreprocessing,
            DNAPreprocessing,
            FramePreprocessing,
            CategoryPreprocessing,
            NumbersPreprocessing,
        )
    },
)
