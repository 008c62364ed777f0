"""Errors of questions, configuration and language models."""

from indexes.errors import FootnoteError


class ConfigError(FootnoteError):
    """A setting is wrong; the message names the file, the line and the key."""

    kind = "bad-configuration"


class QuestionError(FootnoteError):
    """The question is empty or not valid text."""

    kind = "bad-question"


class QuestionTooLongError(QuestionError):
    """The question is longer than the limit."""

    kind = "question-too-long"


class FilterError(FootnoteError):
    """A filter of the search is not valid."""

    kind = "bad-filter"


class LanguageError(FootnoteError):
    """No language has this name or tag."""

    kind = "bad-language"


class ModelError(FootnoteError):
    """The language model could not answer."""

    kind = "model-error"


class ModelRefusedKeyError(ModelError):
    """The model's server refused the API key."""

    kind = "model-unauthorized"


class ModelBusyError(ModelError):
    """The model's server asked to wait, for ``retry_after`` seconds if it gave a number."""

    kind = "model-busy"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelTimeoutError(ModelError):
    """The model's server did not answer in time."""

    kind = "model-timeout"


class ModelUnreachableError(ModelError):
    """The model's server cannot be reached."""

    kind = "model-unreachable"


class ModelFilteredError(ModelError):
    """The model's server withheld the answer, or refused the question, by a filter of its own."""

    kind = "model-filtered"


class ModelToolCallError(ModelError):
    """The model called a tool in place of an answer; none was offered."""

    kind = "model-tool-call"


class ModelEmptyError(ModelError):
    """The model wrote no answer."""

    kind = "model-empty"

    @classmethod
    def of(cls, model: str, *, reasoning: bool = False) -> "ModelEmptyError":
        """Return the error of a model; ``reasoning`` tells whether its reply was reasoning without an end."""
        if reasoning:
            way_out = "raise llm.max_output_tokens, or turn its reasoning off"
            return cls(f"The model {model} wrote reasoning and no answer: {way_out}.")
        return cls(f"The model {model} wrote no answer: ask again, or look at the log of its server.")
