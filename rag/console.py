"""What the command lines of ``api`` and ``eval`` share."""

import json
import sys
from typing import Any


def print_json(value: Any) -> None:
    """Write a value to standard output as indented JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1) + "\n")
