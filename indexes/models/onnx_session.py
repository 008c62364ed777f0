"""BERT models as ONNX on the CPU, for one text or one pair at a time."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer


class OnnxModel:
    """The model of a folder, ``model.onnx`` and ``tokenizer.json``. Loads at first use; may be shared by threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tokens(self, text: str, limit: int) -> "Encoding":
        """The first ``limit`` tokens of a text, without special tokens."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        encoding.truncate(limit)
        return encoding

    def count_tokens(self, text: str) -> int:
        """The number of tokens of a text, without special tokens."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def run(self, text: "Encoding", other: "Encoding | None" = None) -> NDArray[np.float32]:
        """The model's first output for a text or a pair, with special tokens added; axis 0 has length 1."""
        whole = self._tokenizer.post_process(text, other)
        inputs = {
            "input_ids": whole.ids,
            "attention_mask": whole.attention_mask,
            "token_type_ids": whole.type_ids,
        }
        first, *_ = self._session.run(None, {name: np.array([row], np.int64) for name, row in inputs.items()})
        return np.asarray(first, np.float32)

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _session(self) -> "InferenceSession":
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        # threads that spin while they wait take the cores from other work: on two busy cores a pair of 200 tokens took
        # 140 ms with it and 60 without
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return InferenceSession(str(self._folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
