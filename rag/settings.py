"""Every setting, once: what it means and its default. ``footnote.example.toml`` shows them all."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from rag.errors import ConfigError

CONFIG_FILE = Path("footnote.toml")
Positive = Annotated[int, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Unset = BeforeValidator(lambda value: None if value == "" else value)
MaybeText = Annotated[str | None, Unset]
MaybePath = Annotated[Path | None, Unset]
MaybeSecret = Annotated[SecretStr | None, Unset]
Language = Literal["en", "de", "fr", "es", "it"]
Price = Annotated[float | None, Field(ge=0), Unset]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IndexSettings(Part):
    dir: Path = Field(Path("var/index"), description="the folder of the index")
    passage_tokens: Annotated[int, Field(ge=64)] = Field(
        128, description="a passage's length in the embedding model's tokens, at most"
    )
    chroma_url: MaybeText = Field(
        None,
        pattern="^https?://[^/]+",
        description="a Chroma server that holds the vectors; without one, dir holds them",
    )


class ReadingSettings(Part):
    max_file_mb: Positive = Field(200, description="a larger file is refused")
    timeout_s: Seconds = Field(120, description="a file that takes longer to read is refused")
    memory_mb: Positive = Field(2048, description="a file that takes more memory to read is refused")
    max_text_mb: Positive = Field(50, description="a file that holds more text is refused")


class ModelsSettings(Part):
    dir: Path = Field(Path("var/models"), description="the folder of models that `footnote models pull` fetched")


class EmbeddingSettings(Part):
    model: str = Field(
        "all-MiniLM-L6-v2",
        description="a sentence-transformers model by name or path, or one of `footnote models list`",
    )
    base_url: MaybeText = Field(None, description="an OpenAI-compatible endpoint that embeds instead")
    api_key: MaybeSecret = Field(None, description="that endpoint's key; best kept in the environment")
    batch_size: Positive = Field(32, description="texts embedded at once")
    timeout_s: Seconds = Field(60, description="an answer from the endpoint may take this long")


class RetrievalSettings(Part):
    limit: Positive = Field(8, description="passages the model is given")
    candidates: Positive = Field(50, description="passages each retriever proposes before they are fused")
    words_weight: Weight = Field(
        1.25, description="what the question's words in a passage are worth, beside a likeness of 1 in meaning"
    )
    together_weight: Weight = Field(0.35, description="likewise, that they stand together there")
    around_weight: Weight = Field(0.15, description="likewise, what stands before and after it")
    named_weight: Weight = Field(
        0.35, description="likewise, that a passage found names its document; 0 makes no second hop"
    )
    section_loss: Weight = Field(
        0.1,
        description="what a passage loses for each better one of its section; 0 lets one fill the answer",
    )
    min_cosine: Share = Field(0.15, description="a passage less like the question is not found by meaning")
    rewriting: Literal["auto", "never"] = Field(
        "auto", description="a language model words a follow-up anew and takes a compound question apart, or never does"
    )
    rewrite_timeout_s: Seconds = Field(5, description="where that takes longer, the search goes on without")


class RerankingSettings(Part):
    model: MaybeText = Field(
        None, description="a model that reorders what was found: of `footnote models list`, or a cross-encoder by path"
    )
    budget_ms: Positive = Field(150, description="of a question's time, what reranking may take")
    candidates: Positive = Field(10, description="passages that are reranked, the best that were found")


class LLMSettings(Part):
    model: MaybeText = Field(None, description="the chat model; without one, answers are extracted offline")
    base_url: MaybeText = Field(None, description="an OpenAI-compatible endpoint; without one, OpenAI's own")
    api_key: MaybeSecret = Field(
        None, description="its key; best kept in the environment. OpenAI's own also by OPENAI_API_KEY"
    )
    class_: MaybeText = Field(None, alias="class", description="a LlamaIndex LLM class by its full name, used instead")
    options: dict[str, Any] = Field({}, repr=False, description="that class's arguments")
    temperature: Annotated[float, Field(ge=0, le=2)] = Field(0.0, description="0 gives the likeliest words")
    max_output_tokens: Positive = Field(1024, description="the longest answer")
    context_tokens: Annotated[int, Field(ge=1024)] = Field(
        8192, description="what the model takes at once, answer included: sources and conversation are fitted into it"
    )
    tokenizer: MaybePath = Field(
        None, description="the model's tokenizer.json, to count its tokens by; without one they are estimated, high"
    )
    connect_timeout_s: Seconds = Field(5, description="a connection may take this long")
    stall_timeout_s: Seconds = Field(60, description="a silence between two pieces of an answer may last this long")
    deadline_s: Seconds = Field(300, description="an answer that takes longer is cut short, and says so")
    input_price: Price = Field(
        None,
        description="what a million tokens that it reads cost, so that answers and evaluations tell what they cost",
    )
    output_price: Price = Field(None, description="what a million tokens that it writes cost, in the same currency")
    cached_input_price: Price = Field(
        None, description="what a million of those that its server had read before cost; without one, as the others"
    )
    retries: Annotated[int, Field(ge=0)] = Field(1, description="further tries before the first word, on 429 and 5xx")


class JudgeSettings(LLMSettings):
    """What is not set is as in ``[llm]``."""

    model: MaybeText = Field(None, description="the chat model that judges answers; without one, that of [llm]")
    base_url: MaybeText = Field(None, description="an OpenAI-compatible endpoint; without one, that of [llm]")
    api_key: MaybeSecret = Field(None, description="its key; that of [llm] goes to no other endpoint than its own")


class ServerSettings(Part):
    host: str = Field("127.0.0.1", description="the address to listen at")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="the port; 0 takes a free one")
    dir: Path = Field(Path("var/server"), description="the folder of what the server keeps of its own")
    public_url: MaybeText = Field(
        None,
        pattern="^https?://[^/]+",
        description="the address by which people open it, where a proxy stands before it: links to sources lead there",
    )
    keys: Literal["auto", "always"] = Field(
        "auto", description="a key is wanted of everyone but this machine's own programs, or of them too"
    )
    requests_per_minute: Positive = Field(
        60, description="questions and searches of one key; of all else ten times so many"
    )
    concurrent_answers: Positive = Field(8, description="questions answered at once")
    queued_answers: Annotated[int, Field(ge=0)] = Field(64, description="questions that wait for that, at most")
    deadline_s: Seconds = Field(330, description="an answer that takes longer, waiting included, is given up")
    body_timeout_s: Seconds = Field(
        30, description="a request takes no longer to arrive; where it is large, 10 KB a second will do"
    )
    max_upload_mb: Positive = Field(50, description="a larger document cannot be uploaded")
    log: Literal["text", "json"] = Field(
        "text", description="how the log on standard error is written, a line for each request"
    )
    log_details: bool = Field(
        False, description="whether it holds the words of failures, which may quote questions and documents"
    )
    otlp_endpoint: MaybeText = Field(
        None,
        pattern="^https?://[^/]+",
        description="an OpenTelemetry collector (OTLP over gRPC) that is sent traces, without any text; "
        "the OTEL_EXPORTER_OTLP_ variables do too",
    )
    conversation_days: Annotated[float, Field(ge=0)] = Field(
        0, description="conversations that nobody used for so many days are deleted; 0 keeps them until people do"
    )


class JournalSettings(Part):
    on: bool = Field(False, description="whether what the server is asked and answers is entered in a journal")
    days: Annotated[float, Field(ge=0)] = Field(90, description="older entries are deleted; 0 keeps them for ever")


class AnswerSettings(Part):
    max_question_chars: Positive = Field(8000, description="a longer question is refused")
    min_confidence: Share = Field(
        0.36, description="offline: when less sure than this that the documents answer, decline"
    )
    cache_mb: Annotated[float, Field(ge=0)] = Field(
        0, description="megabytes of answers kept beside the index, for who asks the same again; 0 keeps none"
    )
    cache_days: Annotated[float, Field(gt=0)] = Field(
        30, description="how long they are kept, if the index stays as it is"
    )
    min_evidence: Weight = Field(
        0.45,
        description="when no passage found has so much in common with the question, decline unasked; 0 always asks",
    )
    unsupported: Literal["mark", "cut", "retry"] = Field(
        "mark",
        description="sentences that no source bears out are marked, cut, or a language model is asked once more",
    )


class CheckingSettings(Part):
    entailment: MaybeText = Field(
        None,
        description='who gives a second opinion on each sentence: "llm", the chat model in one more call, or a '
        "cross-encoder for natural language inference, by name or path",
    )
    entailment_timeout_s: Seconds = Field(10, description="where the chat model takes longer, there is none")


class SlackChannelSettings(Part):
    """What holds in one channel. Where no rule names it, the bot answers there when it is mentioned."""

    channel: str = Field(description="its id, as C0123456789, or its name without #")
    mode: Literal["mention", "auto"] = Field(
        "mention", description="auto answers questions unasked too, where every sentence is supported"
    )
    ephemeral: bool = Field(False, description="who asks sees the answer first, and may share what all may see")
    groups: tuple[str, ...] = Field((), description="in a private channel, groups whose documents all of it may see")
    paths: tuple[str, ...] = Field((), description="only documents at such paths: hr/**/*.pdf")
    labels: tuple[str, ...] = Field((), description="only documents with one of these labels")
    language: Language | None = Field(
        None, description="of answers there, where a language model answers, and of the bot's own words"
    )


class SlackGroupSettings(Part):
    """Members of the named workspaces who are in the group, in direct messages and in what only they see."""

    group: str = Field(description="as in [[access]]")
    user_groups: tuple[str, ...] = Field((), description="Slack's user groups, by id, as S0123456789, or handle")
    emails: tuple[str, ...] = Field((), description="globs of confirmed addresses: *@hr.example.com")


class SlackSettings(Part):
    bot_token: MaybeSecret = Field(None, description="the bot's token, xoxb-…, for a single workspace")
    app_token: MaybeSecret = Field(None, description="the app's token, xapp-…, by which `footnote slack` connects")
    config_token: MaybeSecret = Field(
        None,
        description="an app configuration token, xoxe.xoxp-…, which lasts twelve hours: by it `footnote slack check` "
        "verifies how the app is set; best kept in the environment",
    )
    signing_secret: MaybeSecret = Field(
        None, description="what Slack signs with; with it, `footnote serve` takes its events at /slack/events"
    )
    client_id: MaybeText = Field(
        None, description="the app's, by which several workspaces install it at /slack/install"
    )
    client_secret: MaybeSecret = Field(None, description="the client's")
    workspaces: tuple[str, ...] = Field(
        (), description="ids of installed workspaces whose members are in groups; that of bot_token always is one"
    )
    people: tuple[str, ...] = Field((), description="ids of people who are asked where the documents do not answer")
    prompts: Annotated[tuple[str, ...], Field(max_length=4)] = Field(
        (), description="questions that are offered where a conversation begins, four at most"
    )
    command: str = Field("/ask", pattern=r"^/[a-z0-9_-]{1,31}$", description="the slash command")
    language: Language = Field("en", description="of the bot's own words")
    at_once: Positive = Field(4, description="questions that are answered at the same time; others wait their turn")
    api_url: str = Field(
        "https://slack.com/api/", pattern="^https?://.*/$", description="Slack's API; GovSlack has another"
    )
    channels: tuple[SlackChannelSettings, ...] = Field((), description="rules of single channels, as shown below")
    groups: tuple[SlackGroupSettings, ...] = Field((), description="who is in which group, as shown below")


class AccessSettings(Part):
    """The first rule whose glob matches a path decides who may read what is there; where none does, everyone may.

    What lies in a file, as an attachment, is for those who may read the file and the path within (mail.eml/offer.pdf).
    """

    glob: str = Field(description="paths in the index, ** for any folders: hr/**/*.pdf")
    groups: tuple[str, ...] = Field(description="who may read them")


class LabelSettings(Part):
    """Every rule whose glob matches a path labels what is there, and what lies in it."""

    glob: str = Field(description="paths in the index, ** for any folders: reports/**")
    labels: tuple[str, ...] = Field(description="what they are labelled with")


class Settings(BaseSettings):
    """``footnote.toml``, then ``FOOTNOTE_*`` variables, then flags; the later wins."""

    model_config = SettingsConfigDict(env_prefix="FOOTNOTE_", env_nested_delimiter="__", extra="forbid", frozen=True)
    toml_file: ClassVar[Path] = CONFIG_FILE

    index: IndexSettings = IndexSettings()
    reading: ReadingSettings = ReadingSettings()
    models: ModelsSettings = ModelsSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    reranking: RerankingSettings = RerankingSettings()
    llm: LLMSettings = LLMSettings()
    answer: AnswerSettings = AnswerSettings()
    checking: CheckingSettings = CheckingSettings()
    judge: JudgeSettings = JudgeSettings()
    server: ServerSettings = ServerSettings()
    journal: JournalSettings = JournalSettings()
    slack: SlackSettings = SlackSettings()
    access: tuple[AccessSettings, ...] = ()
    labels: tuple[LabelSettings, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.toml_file)


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """The settings of this run. Raises ``ConfigError`` that names file, line and key, or the variable."""
    if config is not None and not config.is_file():
        raise ConfigError(f"There is no configuration file {config}.")
    file = config or CONFIG_FILE
    _check_variables()
    try:
        return _settings_class(file)(**flags)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise ConfigError("\n".join(_in_words(file, detail) for detail in error.errors())) from error
    except SettingsError as error:
        raise ConfigError(f"A FOOTNOTE_ variable is not the JSON that its setting takes: {error}.") from error


def _check_variables() -> None:
    """A misspelt part would be passed over in silence; a misspelt key within a part is not."""
    parts = {f"FOOTNOTE_{part}".upper() for part in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith("FOOTNOTE_") and name.upper().partition("__")[0] not in parts:
            raise ConfigError(f"{name}: there is no such setting.")


def _settings_class(file: Path) -> type[Settings]:
    return type("Settings", (Settings,), {"toml_file": file, "__annotations__": {}})


def _in_words(file: Path, detail: Any) -> str:
    keys = [str(key) for key in detail["loc"]]
    key, variable = ".".join(keys), "FOOTNOTE_" + "__".join(keys).upper()
    message = "there is no such setting" if detail["type"] == "extra_forbidden" else detail["msg"]
    line = _line_of(file, keys)
    if variable in os.environ:
        return f"{variable}: {message}."
    return f"{file}, line {line}, {key}: {message}." if line else f"{key}: {message}."


def _line_of(file: Path, keys: list[str]) -> int | None:
    """The line of ``[part]`` or of ``key = …`` within it."""
    wanted, section, best = ".".join(keys), "", None
    for number, line in enumerate(file.read_text("utf-8").splitlines() if file.is_file() else [], start=1):
        if header := re.match(r"\s*\[([\w.\s]+)\]", line):
            section = header[1].strip()
            if section == keys[0]:
                best = number
        elif (key := re.match(r"\s*([\w.-]+)\s*=", line)) and f"{section}.{key[1]}".strip(".") == wanted:
            return number
    return best
