# The public names, each with its module. They are written here alone: `__init__.py` reads this file.
from .bundle import Bundle as Bundle
from .bundle import load_bundle as load_bundle
from .deployment.bundle_writer import save_bundle as save_bundle
from .deployment.engines import export_kserve as export_kserve
from .deployment.engines import export_triton as export_triton
from .explanation.explanation import ExamplePart as ExamplePart
from .explanation.explanation import ExplainedAnswer as ExplainedAnswer
from .explanation.explanation import Explanation as Explanation
from .explanation.occlusion import explain as explain
from .formats.onnx_export import export_onnx as export_onnx
from .formats.quantization import QuantizationReport as QuantizationReport
from .formats.quantization import quantize_onnx as quantize_onnx
from .formats.saved_model import export_saved_model as export_saved_model
from .formats.seq2seq import Seq2seqReport as Seq2seqReport
from .formats.seq2seq import export_seq2seq_onnx as export_seq2seq_onnx
from .formats.streaming import export_streaming_onnx as export_streaming_onnx
from .inference.generator import TextGenerator as TextGenerator
from .inference.predictor import OnnxPredictor as OnnxPredictor
from .inference.sessions import StreamingPredictor as StreamingPredictor
from .inference.translator import Translation as Translation
from .inference.translator import Translator as Translator
from .measure_config import MeasureConfig as MeasureConfig
from .parity.check_parity import check_parity as check_parity
from .parity.file_checks import FileCheck as FileCheck
from .parity.file_checks import RuntimeReport as RuntimeReport
from .reports import ExportReport as ExportReport
from .reports import ParityReport as ParityReport
from .serving.app import create_app as create_app
from .serving.settings import Settings as Settings

__all__: list[str]
