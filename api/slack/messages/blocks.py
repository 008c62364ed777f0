"""Renders an answer as Slack messages: its Markdown, then its sources, within Slack's limits, with nothing lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from api.rendering.links import view_url
from api.slack.messages.escaping import escape_markdown, escape_mrkdwn
from api.slack.messages.message_chunks import split_markdown
from api.slack.messages.translations import ENGLISH, Translation
from indexes.ingest.documents import document_id
from indexes.types import Locator
from rag.types import Answer, Sentence

Block = dict[str, Any]
MAX_BLOCKS = 50
MAX_SECTION = 3000
MAX_MARKDOWN = 12_000
MAX_TOGETHER = 13_000
"""Characters of all blocks of a message. Slack's undocumented limit lies a little above."""
_MARK = " ⚠"
_MAX_REPEATED = 200
"""Characters of a title, a place or a sentence that is repeated."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of at most ``MAX_BLOCKS`` blocks; notifications and thread histories use its ``text``."""

    text: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """The language, links and buttons of a rendered answer."""

    translation: Translation = ENGLISH
    base_url: str | None = None
    """The address of the viewer; without it sources have no links."""
    answer_id: str = ""
    """The value of the buttons."""
    feedback: bool = False
    person: bool = False
    share: bool = False


@dataclass(frozen=True, slots=True)
class RenderedAnswer:
    """An answer's ``text`` and the ``footer`` below it, and both as one or more ``messages``."""

    text: str
    footer: tuple[Block, ...]
    messages: tuple[Message, ...]


def render_answer(answer: Answer, options: RenderOptions, header: Sequence[Block] = ()) -> RenderedAnswer:
    """The header, the answer's text, remarks on doubtful sentences, the sources, and buttons."""
    declined = answer.status == "declined"
    text = _refusal(answer, options.translation) if declined else escape_markdown(mark_doubtful(answer))
    footer = (*_remarks(answer, options.translation), *_sources(answer, options), *_buttons(answer, options))
    return RenderedAnswer(text, footer, pack_messages([*header, *_markdown_blocks(text), *footer], text))


def render_notice(text: str) -> RenderedAnswer:
    """A sentence of the bot's own, as one message."""
    return RenderedAnswer(text, (), (Message(text, (section(text),)),))


def render_stopped(text: str, reason: str) -> RenderedAnswer:
    """The text of an answer that was stopped, and the reason."""
    messages = pack_messages([*_markdown_blocks(text), section(f"_{reason}_")], text.strip() or reason)
    return RenderedAnswer("", (), messages)


def pack_messages(blocks: Sequence[Block], text: str) -> tuple[Message, ...]:
    """The blocks in as few messages as Slack's limits allow; the first message notifies with ``text``."""
    groups: list[list[Block]] = [[]]
    size = 0
    for block in blocks:
        length = block_size(block)
        if len(groups[-1]) == MAX_BLOCKS or size + length > MAX_TOGETHER - 500:
            groups.append([])
            size = 0
        groups[-1].append(block)
        size += length
    notifications = [split_markdown(text, MAX_SECTION)[0]]
    notifications += [next(_texts(group), "")[:MAX_SECTION] for group in groups[1:]]
    return tuple(Message(notification, tuple(group)) for notification, group in zip(notifications, groups, strict=True))


def block_size(block: Block) -> int:
    """Characters that count towards ``MAX_TOGETHER``: all text at any depth."""
    return sum(len(text) for text in _texts(block))


def mark_doubtful(answer: Answer) -> str:
    """The answer's text, with a mark after each doubtful sentence."""
    text = answer.text
    for sentence in sorted(answer.sentences, key=lambda sentence: -sentence.end):
        if is_doubtful(sentence):
            text = text[: sentence.end] + _MARK + text[sentence.end :]
    return text


def is_doubtful(sentence: Sentence) -> bool:
    """Whether a sentence is not supported, or could not be checked."""
    return sentence.verdict in ("unsupported", "uncited") or (sentence.verdict == "weak" and sentence.foreign)


def section(text: str) -> Block:
    """A block of mrkdwn, which may have ``MAX_SECTION`` characters."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def button(label: str, action: str, value: str) -> Block:
    """A button's element."""
    return {
        "type": "button",
        "action_id": action,
        "value": value,
        "text": {"type": "plain_text", "text": label, "emoji": False},
    }


def _refusal(answer: Answer, translation: Translation) -> str:
    """What stands in place of an answer."""
    if answer.retrieval.unmatched_filters:
        return translation.no_documents
    languages = ", ".join(answer.retrieval.searched_languages)
    return f"{translation.declined} {translation.searched.format(languages)}" if languages else translation.declined


def _markdown_blocks(text: str) -> list[Block]:
    pieces = split_markdown(text, MAX_MARKDOWN - 1000)
    return [{"type": "markdown", "text": piece} for piece in pieces if piece.strip()]


def _remarks(answer: Answer, translation: Translation) -> Iterator[Block]:
    if answer.status == "unverified":
        yield section(f"⚠ *{translation.unverified}*")
    for sentence in answer.sentences:
        if label := _doubt(sentence, translation):
            finding = "" if label == translation.foreign else escape_mrkdwn(_one_line(sentence.finding))
            remark = _shorten(sentence.text) + (f" ({finding})" if finding else "")
            yield from _sections(f"⚠ _{label}:_ ", remark)
    if answer.unanswered:
        yield from _sections(f"_{translation.unanswered}:_ ", escape_mrkdwn(_one_line(answer.unanswered)))
    if answer.cut_short:
        yield from _sections(f"_{translation.cut_short}:_ ", escape_mrkdwn(_one_line(answer.cut_short)))


def _doubt(sentence: Sentence, translation: Translation) -> str:
    """Return what a reader must know of a sentence. Of a weak one, that is only what was found of it."""
    if sentence.contradicted:
        return translation.contradicted
    labels = {"unsupported": translation.unsupported, "uncited": translation.uncited}
    if sentence.finding:
        labels |= {"weak": translation.weak, "supported": translation.stray_source}
    if sentence.foreign:
        labels["weak"] = translation.foreign
    return labels.get(sentence.verdict, "")


def _sources(answer: Answer, options: RenderOptions) -> Iterator[Block]:
    """The cited sources, then the nearest documents of an answer that is declined or unverified."""
    if answer.citations:
        yield section(f"*{options.translation.sources}*")
    for citation in answer.citations:
        passage = citation.passage
        place = _place(passage.title or passage.path, citation.locator, passage.document_id, options)
        quote = escape_mrkdwn(_one_line(citation.quote))
        yield from _sections(f"*[{citation.number}]* {place}\n> ", quote, "> ")
    if answer.nearest:
        places = (
            _place(near.title or near.path, near.locator, document_id(near.path), options) for near in answer.nearest
        )
        lines = [f"*{options.translation.nearest}*", *(f"• {place}" for place in places)]
        yield section("\n".join(lines)[:MAX_SECTION])


def _buttons(answer: Answer, options: RenderOptions) -> Iterator[Block]:
    translation, answer_id = options.translation, options.answer_id
    elements = [button(translation.share, "footnote_share", answer_id)] if options.share else []
    if options.person and answer.status != "answered":
        elements.append(button(translation.ask_person, "footnote_person", answer_id))
    if elements:
        yield {"type": "actions", "elements": elements}
    if options.feedback:
        choices = [("positive_button", translation.helpful, "up"), ("negative_button", translation.unhelpful, "down")]
        feedback = {
            name: {"text": {"type": "plain_text", "text": label}, "value": f"{verdict}:{answer_id}"}
            for name, label, verdict in choices
        }
        element = {"type": "feedback_buttons", "action_id": "footnote_feedback", **feedback}
        yield {"type": "context_actions", "elements": [element]}


def _place(title: str, locator: Locator, document_id: str, options: RenderOptions) -> str:
    label = _shorten(title).replace("|", "¦")
    name = f"<{view_url(options.base_url, document_id, locator)}|{label}>" if options.base_url else f"*{label}*"
    return f"{name} — {_shorten(str(locator))}"


def _sections(head: str, text: str, continuation: str = "") -> Iterator[Block]:
    """As many sections as the text needs; ``continuation`` begins the later ones."""
    room = MAX_SECTION - 200 - len(head)
    while True:
        end = len(text)
        if end > room:  # cut at a blank if there is one, and never within an entity
            end = text.rfind(" ", room // 2, room) + 1 or room
            entity = text.rfind("&", max(0, end - 5), end)
            if entity > 0 and ";" not in text[entity:end]:
                end = entity
        yield section(head + text[:end])
        text, head, room = text[end:], continuation, MAX_SECTION - 200
        if not text:
            return


def _shorten(text: str) -> str:
    line = _one_line(text)
    return escape_mrkdwn(line if len(line) <= _MAX_REPEATED else f"{line[:_MAX_REPEATED]}…")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
