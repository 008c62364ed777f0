"""What Slack accepts in the elements of blocks: https://docs.slack.dev/reference/block-kit/block-elements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fakes.slack.model import Json

BUTTON_TEXT = 75
VALUE = 2000
URL = 3000
ACTION_ID = 255


@dataclass
class Findings:
    """What is wrong, each with its place as a JSON pointer, in Slack's words."""

    problems: list[str] = field(default_factory=list)
    action_ids: set[str] = field(default_factory=set)

    def add(self, problem: str, at: str) -> None:
        """Note a problem and its place."""
        self.problems.append(f"[ERROR] {problem} [json-pointer:{at}]")

    def length(self, value: object, most: int, at: str, least: int = 1) -> None:
        """Note a text that is missing, too short or too long."""
        if not isinstance(value, str):
            self.add("must be a string", at)
        elif len(value) > most:
            self.add(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            self.add(f"must be more than {least - 1} characters", at)

    def maybe(self, owner: Json, name: str, most: int, at: str) -> None:
        """``length`` for a text that may be missing."""
        if owner.get(name) is not None:
            self.length(owner[name], most, f"{at}/{name}", least=0)

    def count(self, items: object, most: int, at: str, least: int = 1) -> Sequence[Json]:
        """The items, where they are a list of objects of a good length; else none of them."""
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            self.add("must be an array of objects", at)
            return ()
        if len(items) > most:
            self.add(f"no more than {most} items allowed", at)
        elif len(items) < least:
            self.add(f"no fewer than {least} items allowed", at)
        return items

    def text(self, value: object, most: int, at: str, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
        """A text object."""
        if not isinstance(value, dict) or value.get("type") not in kinds:
            self.add(f"must be a text object of type {' or '.join(kinds)}", at)
            return
        self.length(value.get("text"), most, f"{at}/text")

    def action_id(self, element: Json, at: str) -> None:
        """Note an action_id that is missing or repeated."""
        self.maybe(element, "action_id", ACTION_ID, at)
        named = element.get("action_id")
        if isinstance(named, str) and named in self.action_ids:
            self.add(f"`action_id` {named} already exists", at)
        elif isinstance(named, str):
            self.action_ids.add(named)

    def known(self, thing: Json, names: set[str], at: str) -> None:
        """Note fields that Slack does not know."""
        for name in thing.keys() - names:
            self.add(f"invalid additional property: {name}", at)


def element(findings: Findings, value: Json, at: str, allowed: set[str]) -> None:
    """An interactive element, of one of the types allowed where it stands."""
    kind = value.get("type")
    if kind not in allowed or kind not in ELEMENTS:
        findings.add(f"unsupported type: {kind}", f"{at}/type")
        return
    findings.action_id(value, at)
    if value.get("confirm") is not None:
        _confirm(findings, value["confirm"], f"{at}/confirm")
    ELEMENTS[kind](findings, value, at)


def _button(findings: Findings, value: Json, at: str) -> None:
    known = {"type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"}
    findings.known(value, known, at)
    findings.text(value.get("text"), BUTTON_TEXT, f"{at}/text", ("plain_text",))
    findings.maybe(value, "value", VALUE, at)
    findings.maybe(value, "url", URL, at)
    findings.maybe(value, "accessibility_label", BUTTON_TEXT, at)
    if value.get("style") not in (None, "primary", "danger"):
        findings.add("must be one of: primary, danger", f"{at}/style")


def _feedback(findings: Findings, value: Json, at: str) -> None:
    for name in ("positive_button", "negative_button"):
        button = value.get(name)
        if not isinstance(button, dict):
            findings.add("missing required field", f"{at}/{name}")
            continue
        findings.text(button.get("text"), BUTTON_TEXT, f"{at}/{name}/text", ("plain_text",))
        findings.length(button.get("value"), VALUE, f"{at}/{name}/value")
        findings.maybe(button, "accessibility_label", BUTTON_TEXT, f"{at}/{name}")


def _icon_button(findings: Findings, value: Json, at: str) -> None:
    if value.get("icon") != "trash":
        findings.add("must be one of: trash", f"{at}/icon")
    findings.text(value.get("text"), BUTTON_TEXT, f"{at}/text", ("plain_text",))
    findings.maybe(value, "value", VALUE, at)


def _options(most: int, least: int = 1) -> Callable[[Findings, Json, str], None]:
    def check(findings: Findings, value: Json, at: str) -> None:
        if value.get("placeholder") is not None:
            findings.text(value["placeholder"], 150, f"{at}/placeholder", ("plain_text",))
        for i, option in enumerate(findings.count(value.get("options"), most, f"{at}/options", least)):
            findings.text(option.get("text"), 75, f"{at}/options/{i}/text")
            findings.length(option.get("value"), 150, f"{at}/options/{i}/value")
            if option.get("description") is not None:
                findings.text(option["description"], 75, f"{at}/options/{i}/description")

    return check


def _chooser(findings: Findings, value: Json, at: str) -> None:
    if value.get("placeholder") is not None:
        findings.text(value["placeholder"], 150, f"{at}/placeholder", ("plain_text",))


def _input_text(findings: Findings, value: Json, at: str) -> None:
    _chooser(findings, value, at)
    findings.maybe(value, "initial_value", 3000, at)
    if not 1 <= value.get("max_length", 3000) <= 3000:
        findings.add("must be between 1 and 3000", f"{at}/max_length")


def _image(findings: Findings, value: Json, at: str) -> None:
    findings.length(value.get("alt_text"), 2000, f"{at}/alt_text")
    findings.maybe(value, "image_url", URL, at)


def _confirm(findings: Findings, value: Json, at: str) -> None:
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if value.get(name) is not None or name in ("title", "text"):
            findings.text(value.get(name), most, f"{at}/{name}")


ELEMENTS: dict[str, Callable[[Findings, Json, str], None]] = {
    "button": _button,
    "feedback_buttons": _feedback,
    "icon_button": _icon_button,
    "static_select": _options(100),
    "multi_static_select": _options(100),
    "radio_buttons": _options(10),
    "checkboxes": _options(10),
    "overflow": _options(5),
    "users_select": _chooser,
    "multi_users_select": _chooser,
    "conversations_select": _chooser,
    "channels_select": _chooser,
    "datepicker": _chooser,
    "plain_text_input": _input_text,
    "image": _image,
}
IN_CONTEXT_ACTIONS = {"feedback_buttons", "icon_button"}
IN_INPUT = set(ELEMENTS) - {"button", "overflow", "image", *IN_CONTEXT_ACTIONS}
IN_ACTIONS = set(ELEMENTS) - {"plain_text_input", "image", *IN_CONTEXT_ACTIONS}
IN_SECTION = IN_ACTIONS | {"image"}
