"""What judges say, as the loopback server plays them."""

import json
import re
from collections.abc import Callable

from eval import prompts
from fakes.openai_server import Reply
from fakes.openai_wire import Json


def comparing(body: Json) -> bool:
    return bool(body["messages"][0]["content"] == prompts.CORRECTNESS)


def asked(body: Json) -> str:
    """The turn that carries what is judged."""
    return str(body["messages"][1]["content"])


def right(letter: str) -> str:
    return json.dumps({"reason": "So it is.", "right": letter})


def verdicts(*told: str) -> str:
    entries = [{"number": n, "reason": "So it is.", "verdict": one} for n, one in enumerate(told, start=1)]
    return json.dumps({"sentences": entries})


def reference_letter(body: Json) -> str:
    found = re.search(r'<answer letter="(.)" is="reference">', asked(body))
    assert found
    return found[1]


def playing(compare: Callable[[Json], str], check: str = verdicts("yes")) -> Callable[[Json], Reply]:
    """``compare`` is what it says of a comparison, ``check`` of the sentences."""
    return lambda body: Reply(pieces=(compare(body) if comparing(body) else check,))
