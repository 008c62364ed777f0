"""Every setting with its meaning and default. ``footnote.example.toml`` shows them all."""

import os
import re
import tomllib
from collections import Counter
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
    """A table of ``footnote.toml``: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IndexSettings(Part):
    """The index and its passages."""

    dir: Path = Field(Path("var/index"), description="the index folder")
    passage_tokens: Annotated[int, Field(ge=64)] = Field(
        128, description="the longest passage, in the embedding model's tokens"
    )
    chroma_url: MaybeText = Field(
        None,
        pattern="^https?://[^/]+",
        description="a Chroma server for the vectors; without one, they are kept in dir",
    )


class ReadingSettings(Part):
    """Limits on reading one file; a file beyond them is refused."""

    max_file_mb: Positive = Field(200, description="the largest file that is read")
    timeout_s: Seconds = Field(120, description="the longest time to read one file, in seconds")
    memory_mb: Positive = Field(2048, description="the memory that reading one file may take")
    max_text_mb: Positive = Field(50, description="the most text that one file may hold")


class ModelsSettings(Part):
    """Models on this machine."""

    dir: Path = Field(Path("var/models"), description="the folder of models fetched by `footnote models pull`")


class EmbeddingSettings(Part):
    """The model that embeds passages and queries."""

    model: str = Field(
        "all-MiniLM-L6-v2",
        description="a sentence-transformers model by name or path, or a model of `footnote models list`",
    )
    base_url: MaybeText = Field(None, description="an OpenAI-compatible endpoint to embed with instead")
    api_key: MaybeSecret = Field(None, description="the endpoint's API key; best kept in the environment")
    batch_size: Positive = Field(32, description="texts embedded in one batch")
    timeout_s: Seconds = Field(60, description="seconds to wait for a response of the endpoint")


class RetrievalSettings(Part):
    """What is searched for, and how passages are ranked."""

    limit: Positive = Field(8, description="passages given to the model")
    candidates: Positive = Field(50, description="passages that each retriever proposes before fusion")
    words_weight: Weight = Field(1.25, description="the weight of matching words, where similarity in meaning weighs 1")
    together_weight: Weight = Field(0.35, description="the weight of matching words that stand together")
    around_weight: Weight = Field(0.15, description="the weight of the passages before and after")
    named_weight: Weight = Field(
        0.35, description="the weight of a hit that names the passage's document; 0 turns the second hop off"
    )
    section_loss: Weight = Field(
        0.1,
        description="the score lost for each better passage of the same section; 0 lets one section fill the answer",
    )
    min_cosine: Share = Field(0.15, description="the lowest cosine at which a passage is found by meaning")
    rewriting: Literal["auto", "never"] = Field(
        "auto", description="whether a language model rewrites follow-ups and splits compound questions: auto or never"
    )
    rewrite_timeout_s: Seconds = Field(
        5, description="seconds to wait for the rewriting, after which the search goes on without it"
    )


class RerankingSettings(Part):
    """The model that reorders the best passages."""

    model: MaybeText = Field(
        None, description="a reranking model: one of `footnote models list`, or a cross-encoder by path"
    )
    budget_ms: Positive = Field(150, description="milliseconds that reranking may take for one question")
    candidates: Positive = Field(10, description="the best passages, which are reranked")


class LLMSettings(Part):
    """The language model that answers."""

    model: MaybeText = Field(None, description="the chat model; without one, answers are extracted offline")
    base_url: MaybeText = Field(None, description="an OpenAI-compatible endpoint; without one, OpenAI's own")
    api_key: MaybeSecret = Field(
        None,
        description="the API key; best kept in the environment. OPENAI_API_KEY also works for OpenAI's own endpoint",
    )
    class_: MaybeText = Field(None, alias="class", description="the full name of a LlamaIndex LLM class to use instead")
    options: dict[str, Any] = Field({}, repr=False, description="the arguments of that class")
    temperature: Annotated[float, Field(ge=0, le=2)] = Field(
        0.0, description="the sampling temperature; 0 gives the likeliest words"
    )
    max_output_tokens: Positive = Field(1024, description="the longest answer, in tokens")
    context_tokens: Annotated[int, Field(ge=1024)] = Field(
        8192, description="the model's context window, answer included; sources and conversation are fitted into it"
    )
    tokenizer: MaybePath = Field(
        None,
        description="the model's tokenizer.json, to count tokens exactly; without one, they are estimated on "
        "the high side",
    )
    connect_timeout_s: Seconds = Field(5, description="seconds to wait for a connection")
    stall_timeout_s: Seconds = Field(60, description="the longest silence between two pieces of an answer, in seconds")
    deadline_s: Seconds = Field(300, description="seconds after which an answer is cut short, with a note")
    input_price: Price = Field(
        None,
        description="the price of a million input tokens; with it, answers and evaluations report their cost",
    )
    output_price: Price = Field(None, description="the price of a million output tokens, in the same currency")
    cached_input_price: Price = Field(
        None, description="the price of a million input tokens from the cache; without one, input_price"
    )
    retries: Annotated[int, Field(ge=0)] = Field(1, description="retries before the first word, on status 429 and 5xx")


class JudgeSettings(LLMSettings):
    """The language model that judges answers. What is not set is as in ``[llm]``."""

    model: MaybeText = Field(None, description="the chat model that judges answers; without one, that of [llm]")
    base_url: MaybeText = Field(None, description="an OpenAI-compatible endpoint; without one, that of [llm]")
    api_key: MaybeSecret = Field(
        None, description="the API key; the key of [llm] is only sent to the endpoint of [llm]"
    )


class ServerSettings(Part):
    """The HTTP server, its limits and its logs."""

    host: str = Field("127.0.0.1", description="the address to listen on")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8000, description="the port; 0 takes a free one")
    dir: Path = Field(Path("var/server"), description="the folder for the server's own data")
    public_url: MaybeText = Field(
        None,
        pattern="^https?://[^/]+",
        description="the public address, if the server is behind a proxy; links to sources use it",
    )
    keys: Literal["auto", "always"] = Field(
        "auto", description="who needs an API key: auto exempts this machine's own programs, always exempts nobody"
    )
    requests_per_minute: Positive = Field(
        60, description="questions and searches per key and minute; other requests may be ten times as many"
    )
    concurrent_answers: Positive = Field(8, description="questions answered at once")
    queued_answers: Annotated[int, Field(ge=0)] = Field(64, description="questions that may wait in the queue")
    deadline_s: Seconds = Field(330, description="seconds after which an answer is given up, waiting included")
    body_timeout_s: Seconds = Field(
        30, description="seconds in which a request must arrive; a large one may arrive at 10 KB a second"
    )
    max_upload_mb: Positive = Field(50, description="the largest document that can be uploaded")
    log: Literal["text", "json"] = Field(
        "text", description="the format of the log on standard error, one line for each request: text or json"
    )
    log_details: bool = Field(
        False, description="whether the log includes error messages, which may quote questions and documents"
    )
    otlp_endpoint: MaybeText = Field(
        None,
        pattern="^https?://[^/]+",
        description="an OpenTelemetry collector (OTLP over gRPC) for traces, which hold no text; the "
        "OTEL_EXPORTER_OTLP_ variables also work",
    )
    conversation_days: Annotated[float, Field(ge=0)] = Field(
        0, description="days after which unused conversations are deleted; 0 keeps them"
    )


class JournalSettings(Part):
    """The journal of questions and answers."""

    on: bool = Field(False, description="whether questions and answers are recorded in the journal")
    days: Annotated[float, Field(ge=0)] = Field(
        90, description="days after which entries are deleted; 0 keeps them for ever"
    )


class AnswerSettings(Part):
    """When to answer, when to decline, and the cache of answers."""

    max_question_chars: Positive = Field(8000, description="the longest question, in characters")
    min_confidence: Share = Field(0.36, description="offline: the confidence below which an answer is declined")
    cache_mb: Annotated[float, Field(ge=0)] = Field(
        0, description="megabytes of answers cached beside the index for repeated questions; 0 turns the cache off"
    )
    cache_days: Annotated[float, Field(gt=0)] = Field(
        30, description="days that an answer stays in the cache while the index does not change"
    )
    min_evidence: Weight = Field(
        0.45,
        description="the evidence below which a question is declined before anything is written; 0 always asks",
    )
    unsupported: Literal["mark", "cut", "retry"] = Field(
        "mark",
        description="sentences that no source supports: mark them, cut them, or retry with the language model once",
    )


class CheckingSettings(Part):
    """Second opinions on the sentences of an answer."""

    entailment: MaybeText = Field(
        None,
        description='a second opinion on each sentence: "llm" for one more call of the chat model, or a '
        "cross-encoder for natural language inference, by name or path",
    )
    entailment_timeout_s: Seconds = Field(
        10, description="seconds to wait for the chat model's second opinion, after which there is none"
    )


class SlackChannelSettings(Part):
    """The rules of one channel. In other channels, the bot answers when it is mentioned."""

    channel: str = Field(description="the channel by id, as C0123456789, or by name without #")
    mode: Literal["mention", "auto"] = Field(
        "mention", description="auto also answers questions without a mention, if every sentence is supported"
    )
    ephemeral: bool = Field(
        False, description="whether only the person who asks sees the answer, and may then share it"
    )
    groups: tuple[str, ...] = Field((), description="groups whose documents everyone in a private channel may see")
    paths: tuple[str, ...] = Field((), description="only documents at these paths: hr/**/*.pdf")
    labels: tuple[str, ...] = Field((), description="only documents with one of these labels")
    language: Language | None = Field(
        None, description="the language of a language model's answers and of the bot's messages in the channel"
    )


class SlackGroupSettings(Part):
    """The members of a group, among the named workspaces: they count in direct messages and in ephemeral answers."""

    group: str = Field(description="a group of [[access]]")
    user_groups: tuple[str, ...] = Field((), description="Slack user groups by id, as S0123456789, or by handle")
    emails: tuple[str, ...] = Field((), description="globs of confirmed email addresses: *@hr.example.com")


class SlackSettings(Part):
    """The Slack bot: its tokens, people and channels."""

    bot_token: MaybeSecret = Field(None, description="the bot token, xoxb-…, for a single workspace")
    app_token: MaybeSecret = Field(None, description="the app token, xapp-…, for the connection of `footnote slack`")
    config_token: MaybeSecret = Field(
        None,
        description="an app configuration token, xoxe.xoxp-…, valid for twelve hours: `footnote slack check` "
        "compares the app with its manifest; best kept in the environment",
    )
    signing_secret: MaybeSecret = Field(
        None, description="the signing secret; with it, `footnote serve` receives events at /slack/events"
    )
    client_id: MaybeText = Field(
        None, description="the client ID, for workspaces that install the app at /slack/install"
    )
    client_secret: MaybeSecret = Field(None, description="the client secret")
    workspaces: tuple[str, ...] = Field(
        (), description="IDs of installed workspaces whose members can be in groups; that of bot_token always counts"
    )
    people: tuple[str, ...] = Field((), description="IDs of people to ask when the documents do not answer")
    prompts: Annotated[tuple[str, ...], Field(max_length=4)] = Field(
        (), description="suggested questions at the start of a conversation, four at most"
    )
    command: str = Field("/ask", pattern=r"^/[a-z0-9_-]{1,31}$", description="the slash command")
    language: Language = Field("en", description="the language of the bot's own messages")
    at_once: Positive = Field(4, description="questions answered at once; others wait in the queue")
    api_url: str = Field(
        "https://slack.com/api/",
        pattern="^https?://.*/$",
        description="the address of the Slack API; GovSlack has another",
    )
    channels: tuple[SlackChannelSettings, ...] = Field((), description="rules for single channels, as shown below")
    groups: tuple[SlackGroupSettings, ...] = Field((), description="the members of groups, as shown below")


class AccessSettings(Part):
    """A rule for who may read a path. The first rule that matches decides; without one, everyone may.

    A glob is matched against the path in the index, and against the path below the file's folder.

    An attachment is for those who may read both the file and the path within it (mail.eml/offer.pdf).
    """

    glob: str = Field(description="paths in the index, ** for any folders: hr/**/*.pdf")
    groups: tuple[str, ...] = Field(description="groups that may read them")


class LabelSettings(Part):
    """A rule that labels a path and what lies in it. All rules that match add up."""

    glob: str = Field(description="paths in the index, ** for any folders: reports/**")
    labels: tuple[str, ...] = Field(description="the labels of documents there")


class Settings(BaseSettings):
    """All settings: from ``footnote.toml``, then ``FOOTNOTE_*`` variables, then flags; the later wins."""

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
        """Return the sources, the strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls.toml_file)


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """Return the settings of this run. Raises ``ConfigError`` that names the file, line and key, or the variable."""
    if config is not None and not config.is_file():
        raise ConfigError(f"There is no configuration file {config}.")
    file = config or CONFIG_FILE
    # pydantic checks the keys of a table, but passes over a variable of an unknown table in silence
    tables = {f"FOOTNOTE_{table}".upper() for table in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith("FOOTNOTE_") and name.upper().partition("__")[0] not in tables:
            raise ConfigError(f"{name}: there is no such setting.")
    of_file: type[Settings] = type("Settings", (Settings,), {"toml_file": file, "__annotations__": {}})
    try:
        return of_file(**flags)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not valid TOML: {error}.") from error
    except ValidationError as error:
        raise ConfigError("\n".join(_describe(file, detail) for detail in error.errors())) from error
    except SettingsError as error:
        raise ConfigError(f"A FOOTNOTE_ variable is not the JSON that its setting takes: {error}.") from error


def _describe(file: Path, detail: Any) -> str:
    """Return a validation error in words, with the variable, or with the line of the key or of its ``[table]``."""
    keys = [str(key) for key in detail["loc"]]
    key, variable = ".".join(keys), "FOOTNOTE_" + "__".join(keys).upper()
    messages = {"extra_forbidden": "there is no such setting", "missing": "it is not set, and must be"}
    message = messages.get(detail["type"], detail["msg"])
    if variable in os.environ:
        return f"{variable}: {message}."
    table, best, arrays = "", None, Counter[str]()
    for number, line in enumerate(file.read_text("utf-8").splitlines() if file.is_file() else [], start=1):
        if header := re.match(r"\s*(\[\[?)([\w.\s]+)\]", line):
            table = header[2].strip()
            if header[1] == "[[":  # as in the error's place: access.0, access.1
                arrays[table] += 1
                table += f".{arrays[table] - 1}"
            best = number if f"{key}.".startswith(f"{table}.") else best
        elif (match := re.match(r"\s*([\w.-]+)\s*=", line)) and f"{table}.{match[1]}".strip(".") == key:
            best = number
            break
    return f"{file}, line {best}, {key}: {message}." if best else f"{key}: {message}."
