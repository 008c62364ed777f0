"""An answer as Slack's messages: its Markdown, then its sources, within what Slack takes, and nothing lost."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from api.rendering.links import view_url
from api.slack.messages.escaping import escaped, harmless
from api.slack.messages.message_chunks import pieces
from api.slack.messages.translations import ENGLISH, Words
from indexes.ingest.documents import document_id
from indexes.types import Locator
from rag.types import Answer, Citation, Sentence

Block = dict[str, Any]
MAX_BLOCKS = 50
MAX_SECTION = 3000
MAX_MARKDOWN = 12_000
MAX_TOGETHER = 13_000
"""Characters of all blocks of a message: what Slack does take lies a little above, and is not told."""
_MARK = " ⚠"
_HEAD = 200
"""Characters of a title, a place or a sentence that is repeated."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of at most ``MAX_BLOCKS`` blocks; ``text`` is what notifications show, and what threads remember."""

    text: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What stands around an answer."""

    words: Words = ENGLISH
    base_url: str | None = None
    """Where the viewer is; without it sources have no links."""
    answer_id: str = ""
    """What the buttons are about."""
    feedback: bool = False
    person: bool = False
    share: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """An answer in full: ``text`` and what stands ``below`` it, and both in ``messages``, one at least."""

    text: str
    below: tuple[Block, ...]
    messages: tuple[Message, ...]


def rendered(answer: Answer, look: Look, above: Sequence[Block] = ()) -> Written:
    """The answer's text, what is doubtful in it, its sources, and buttons; ``above`` comes before."""
    text = look.words.declined if answer.status == "declined" else harmless(marked(answer))
    body = [_markdown(piece) for piece in pieces(text, MAX_MARKDOWN - 1000) if piece.strip()]
    below = (*_remarks(answer, look.words), *_sources(answer, look), *_nearest(answer, look), *_buttons(answer, look))
    return Written(text, below, packed([*above, *body, *below], text))


def plain(text: str) -> Written:
    """A sentence of ours."""
    return Written(text, (), (Message(text, (section(text),)),))


def cut_off(text: str, why: str) -> Written:
    """What was written of an answer that comes no further."""
    parts = [_markdown(piece) for piece in pieces(text, MAX_MARKDOWN - 1000) if piece.strip()]
    return Written("", (), packed([*parts, section(f"_{why}_")], text.strip() or why))


def packed(blocks: Sequence[Block], text: str) -> tuple[Message, ...]:
    """In as few messages as take them."""
    messages: list[list[Block]] = [[]]
    size = 0
    for block in blocks:
        length = size_of(block)
        if len(messages[-1]) == MAX_BLOCKS or size + length > MAX_TOGETHER - 500:
            messages.append([])
            size = 0
        messages[-1].append(block)
        size += length
    texts = pieces(text, MAX_SECTION)
    return tuple(Message(texts[0] if n == 0 else _text_of(part), tuple(part)) for n, part in enumerate(messages))


def size_of(block: Block) -> int:
    """Characters that count towards ``MAX_TOGETHER``: all that is text, at any depth."""
    return sum(len(text) for text in _texts(block))


def marked(answer: Answer) -> str:
    """The answer's text, with a mark after each sentence that is not borne out."""
    text = answer.text
    for sentence in sorted(_doubtful(answer), key=lambda sentence: -sentence.end):
        text = text[: sentence.end] + _MARK + text[sentence.end :]
    return text


def is_doubtful(sentence: Sentence) -> bool:
    """Whether nothing bears it out, or nobody could tell."""
    return sentence.verdict in ("unsupported", "uncited") or (sentence.verdict == "weak" and sentence.foreign)


def section(text: str) -> Block:
    """Of mrkdwn that holds no more than ``MAX_SECTION`` characters."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def button(label: str, action: str, value: str) -> Block:
    return {
        "type": "button",
        "action_id": action,
        "value": value,
        "text": {"type": "plain_text", "text": label, "emoji": False},
    }


def _markdown(text: str) -> Block:
    return {"type": "markdown", "text": text}


def _remarks(answer: Answer, words: Words) -> Iterator[Block]:
    labels = {"unsupported": words.unsupported, "uncited": words.uncited, "weak": words.foreign}
    for sentence in _doubtful(answer):
        told = sentence.finding if sentence.verdict == "unsupported" else ""
        finding = f" ({escaped(_line(told))})" if told else ""
        yield from _sections(f"⚠ _{labels[sentence.verdict]}:_ ", f"{_short(sentence.text)}{finding}")
    if answer.unanswered:
        yield from _sections(f"_{words.unanswered}:_ ", escaped(_line(answer.unanswered)))
    if answer.cut_short:
        yield from _sections(f"_{words.cut_short}:_ ", escaped(_line(answer.cut_short)))


def _sources(answer: Answer, look: Look) -> Iterator[Block]:
    if answer.citations:
        yield section(f"*{look.words.sources}*")
    for citation in answer.citations:
        head = f"*[{citation.number}]* {_place(_title(citation), citation.locator, citation.passage.document_id, look)}"
        yield from _sections(f"{head}\n> ", escaped(_line(citation.quote)), "> ")


def _nearest(answer: Answer, look: Look) -> Iterator[Block]:
    if answer.nearest:
        places = (_place(n.title or n.path, n.locator, document_id(n.path), look) for n in answer.nearest)
        rows = (f"• {place}" for place in places)
        yield section("\n".join([f"*{look.words.nearest}*", *rows])[:MAX_SECTION])


def _buttons(answer: Answer, look: Look) -> Iterator[Block]:
    wanted = [
        button(look.words.share, "footnote_share", look.answer_id) if look.share else None,
        button(look.words.person, "footnote_person", look.answer_id)
        if look.person and answer.status != "answered"
        else None,
    ]
    if elements := [element for element in wanted if element]:
        yield {"type": "actions", "elements": elements}
    if look.feedback:
        yield {"type": "context_actions", "elements": [_feedback(look.words, look.answer_id)]}


def _feedback(words: Words, answer_id: str) -> Block:
    def choice(label: str, verdict: str) -> Block:
        return {"text": {"type": "plain_text", "text": label}, "value": f"{verdict}:{answer_id}"}

    return {
        "type": "feedback_buttons",
        "action_id": "footnote_feedback",
        "positive_button": choice(words.helpful, "up"),
        "negative_button": choice(words.unhelpful, "down"),
    }


def _place(title: str, locator: Locator, document_id: str, look: Look) -> str:
    shown = _short(title).replace("|", "¦")
    named = f"<{view_url(look.base_url, document_id, locator)}|{shown}>" if look.base_url else f"*{shown}*"
    return f"{named} — {_short(str(locator))}"


def _title(citation: Citation) -> str:
    return citation.passage.title or citation.passage.path


def _sections(head: str, text: str, again: str = "") -> Iterator[Block]:
    """As many as the text takes; ``again`` begins those that go on."""
    room = MAX_SECTION - 200 - len(head)
    while True:
        end = len(text) if len(text) <= room else _cut(text, room)
        yield section(head + text[:end])
        text, head, room = text[end:], again, MAX_SECTION - 200
        if not text:
            return


def _cut(text: str, room: int) -> int:
    """At a blank where there is one, and never within an entity."""
    end = text.rfind(" ", room // 2, room) + 1 or room
    start = text.rfind("&", max(0, end - 5), end)
    return start if start > 0 and ";" not in text[start:end] else end


def _short(text: str) -> str:
    line = _line(text)
    return escaped(line if len(line) <= _HEAD else f"{line[:_HEAD]}…")


def _line(text: str) -> str:
    return " ".join(text.split())


def _doubtful(answer: Answer) -> tuple[Sentence, ...]:
    return tuple(sentence for sentence in answer.sentences if is_doubtful(sentence))


def _text_of(blocks: Iterable[Block]) -> str:
    first = next((text for block in blocks for text in _texts(block)), "")
    return first[:MAX_SECTION]


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
