"""The template of a report's page, with its style and script inside."""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from eval.optional import eval_extra

with eval_extra():
    from jinja2 import Environment, StrictUndefined


def render_page(**values: Any) -> str:
    """Return the page as HTML; ``values`` are the template's variables."""
    static = files("eval") / "static"
    template, style, script = (
        (static / name).read_text("utf-8") for name in ("report.html", "report.css", "report.js")
    )
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.policies["json.dumps_kwargs"] = {}  # in the order of the run, not of the alphabet
    environment.filters |= {
        "figure": "{:.2f}".format,
        "signed": lambda value: f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00",
        "probability": lambda value: "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0"),
    }
    return environment.from_string(template).render(
        **values, style=style, script=script, style_hash=_hash(style), script_hash=_hash(script)
    )


def _hash(text: str) -> str:
    """As a content security policy names what it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
