"""What Slack accepts in messages and views, and how it refuses the rest.

Limits of https://docs.slack.dev/reference/block-kit/blocks and /reference/views. That a message with Markdown blocks
may hold about 13,000 characters in all its blocks together is not said there, but is what Slack does: it answers
msg_blocks_too_long (https://github.com/slackapi/bolt-js/issues/2509).
"""

import json
from collections.abc import Callable

from fakes.slack.elements import IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION, Findings, element
from fakes.slack.model import Json, SlackError, readable

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TEXT = 40_000
UPDATED_TEXT = 4_000
MARKDOWN = 12_000
MARKDOWN_TOGETHER = 13_000


def check_blocks(blocks: object, most: int = MESSAGE_BLOCKS) -> list[Json]:
    """The blocks, where a message may have them.

    :raises SlackError: ``invalid_blocks_format``, ``invalid_blocks`` or ``msg_blocks_too_long``.
    """
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    findings = Findings()
    check_each(findings, blocks, most)
    if sum(block.get("type") == "table" for block in blocks) > 1:
        findings.add("only_one_table_allowed", "/blocks")
    if findings.problems:
        raise SlackError("invalid_blocks", findings.problems)
    marked = any(block["type"] == "markdown" for block in blocks)
    if marked and sum(map(len, readable(blocks))) > MARKDOWN_TOGETHER:
        raise SlackError("msg_blocks_too_long")
    return blocks


def check_each(findings: Findings, blocks: list[Json], most: int) -> None:
    """Note what Slack would refuse in the blocks."""
    findings.count(blocks, most, "/blocks", least=0)
    seen: set[str] = set()
    for i, block in enumerate(blocks):
        at = f"/blocks/{i}"
        findings.maybe(block, "block_id", 255, at)
        if block.get("block_id") in seen:
            findings.add(f"`block_id` {block['block_id']} already exists", at)
        seen.update({block["block_id"]} if block.get("block_id") else ())
        findings.action_ids = set()  # an action_id may come again in another block
        if block.get("type") not in BLOCKS:
            findings.add(f"unsupported type: {block.get('type')}", f"{at}/type")
        else:
            BLOCKS[block["type"]](findings, block, at)


def check_text(text: str, most: int = TEXT) -> str:
    """The text, unless Slack would refuse it."""
    if len(text) > most:
        raise SlackError("msg_too_long")
    return text


def check_metadata(metadata: object) -> None:
    """Refuse metadata that Slack would refuse."""
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata)) > 8_000:
        raise SlackError("metadata_too_large")


def check_view(view: object) -> Json:
    """The view, where Slack would show it.

    :raises SlackError: ``invalid_arguments``.
    """
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", ["[ERROR] must be an object [json-pointer:/view]"])
    findings = Findings()
    if view.get("type") not in ("modal", "home"):
        findings.add("must be one of: modal, home", "/view/type")
    if not isinstance(view.get("blocks"), list):
        raise SlackError("invalid_arguments", ["[ERROR] missing required field [json-pointer:/view/blocks]"])
    check_each(findings, view["blocks"], VIEW_BLOCKS)
    findings.maybe(view, "private_metadata", 3000, "/view")
    findings.maybe(view, "callback_id", 255, "/view")
    if view.get("type") == "modal":
        _modal(findings, view)
    if findings.problems:
        raise SlackError("invalid_arguments", findings.problems)
    return view


def _modal(findings: Findings, view: Json) -> None:
    findings.text(view.get("title"), 24, "/view/title", ("plain_text",))
    for name in ("submit", "close"):
        if view.get(name) is not None:
            findings.text(view[name], 24, f"/view/{name}", ("plain_text",))
    if view.get("submit") is None and any(block.get("type") == "input" for block in view["blocks"]):
        findings.add("`submit` is required when an `input` block is in the `blocks` array", "/view/submit")


def _section(findings: Findings, block: Json, at: str) -> None:
    if block.get("text") is None and not block.get("fields"):
        findings.add("missing required field: text or fields", at)
    if block.get("text") is not None:
        findings.text(block["text"], 3000, f"{at}/text")
    for i, one in enumerate(findings.count(block.get("fields", []), 10, f"{at}/fields", least=0)):
        findings.text(one, 2000, f"{at}/fields/{i}")
    if block.get("accessory") is not None:
        element(findings, block["accessory"], f"{at}/accessory", IN_SECTION)


def _header(findings: Findings, block: Json, at: str) -> None:
    findings.text(block.get("text"), 150, f"{at}/text", ("plain_text",))


def _actions(findings: Findings, block: Json, at: str) -> None:
    for i, one in enumerate(findings.count(block.get("elements"), 25, f"{at}/elements")):
        element(findings, one, f"{at}/elements/{i}", IN_ACTIONS)


def _context_actions(findings: Findings, block: Json, at: str) -> None:
    for i, one in enumerate(findings.count(block.get("elements"), 5, f"{at}/elements")):
        element(findings, one, f"{at}/elements/{i}", IN_CONTEXT_ACTIONS)


def _context(findings: Findings, block: Json, at: str) -> None:
    for i, one in enumerate(findings.count(block.get("elements"), 10, f"{at}/elements")):
        if one.get("type") == "image":
            element(findings, one, f"{at}/elements/{i}", {"image"})
        else:
            findings.text(one, 3000, f"{at}/elements/{i}")


def _markdown(findings: Findings, block: Json, at: str) -> None:
    findings.length(block.get("text"), MARKDOWN, f"{at}/text")


def _image(findings: Findings, block: Json, at: str) -> None:
    findings.length(block.get("alt_text"), 2000, f"{at}/alt_text")
    findings.maybe(block, "image_url", 3000, at)
    if block.get("title") is not None:
        findings.text(block["title"], 2000, f"{at}/title", ("plain_text",))


def _input(findings: Findings, block: Json, at: str) -> None:
    findings.text(block.get("label"), 2000, f"{at}/label", ("plain_text",))
    if block.get("hint") is not None:
        findings.text(block["hint"], 2000, f"{at}/hint", ("plain_text",))
    if not isinstance(block.get("element"), dict):
        findings.add("missing required field", f"{at}/element")
    else:
        element(findings, block["element"], f"{at}/element", IN_INPUT)


def _table(findings: Findings, block: Json, at: str) -> None:
    rows = block.get("rows")
    if not isinstance(rows, list) or not 1 <= len(rows) <= 100:
        findings.add("must have 1 to 100 rows", f"{at}/rows")
    elif not all(isinstance(row, list) and 1 <= len(row) <= 20 for row in rows):
        findings.add("must have 1 to 20 cells in a row", f"{at}/rows")
    elif sum(len(str(cell.get("text", cell))) for row in rows for cell in row) > 10_000:
        findings.add("must be less than 10001 characters", f"{at}/rows")


def _rich_text(findings: Findings, block: Json, at: str) -> None:
    findings.count(block.get("elements"), 1000, f"{at}/elements")


def _anything(_findings: Findings, _block: Json, _at: str) -> None:
    return


BLOCKS: dict[str, Callable[[Findings, Json, str], None]] = {
    "section": _section,
    "divider": _anything,
    "header": _header,
    "actions": _actions,
    "context": _context,
    "context_actions": _context_actions,
    "markdown": _markdown,
    "image": _image,
    "input": _input,
    "table": _table,
    "rich_text": _rich_text,
}
