"""Failures of asking and configuring, in words."""

from indexes.errors import FootnoteError


class ConfigError(FootnoteError):
    """A setting is wrong: the message names the file, the line and the key."""

    kind = "bad-configuration"


class QuestionError(FootnoteError):
    """The question cannot be asked as it is."""

    kind = "bad-question"


class QuestionTooLongError(QuestionError):
    """The question is longer than the limit."""

    kind = "question-too-long"


class FilterError(FootnoteError):
    """What the documents were to be confined to cannot be meant."""

    kind = "bad-filter"


class LanguageError(FootnoteError):
    """No language is called so."""

    kind = "bad-language"


class ModelError(FootnoteError):
    """The language model could not answer."""

    kind = "model-error"


class ModelRefusedKeyError(ModelError):
    """The model's server refused the API key."""

    kind = "model-unauthorized"


class ModelBusyError(ModelError):
    """The model's server asked to wait; ``retry_after`` is in seconds where it said for how long."""

    kind = "model-busy"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelTimeoutError(ModelError):
    """The model's server did not answer in time."""

    kind = "model-timeout"


class ModelUnreachableError(ModelError):
    """No connection to the model's server."""

    kind = "model-unreachable"
