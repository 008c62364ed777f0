"""A set as the benchmarks are laid out, small enough to index in a test."""

import json
from pathlib import Path

KETTLE = "How much does the kettle in the kitchen hold?"
DOCS = {
    "kitchen.txt": "The kettle in the kitchen holds 27 litres.\n\nIt is on the second shelf, beside the cups.\n",
    "yard/parking.md": "# Parking\n\nThe bicycles of the staff are kept in the shed behind the canteen.\n",
}
ROWS = (
    (KETTLE, ["27 litres"], "kitchen.txt", "The kettle in the kitchen holds 27 litres."),
    ("Where are the bicycles of the staff kept?", ["in the shed"], "yard/parking.md", "in the shed behind the canteen"),
    ("Who won the 2022 World Cup?", [], None, None),
)


def small_set(folder: Path) -> Path:
    """Three questions on two documents; nothing answers the third."""
    for path, text in DOCS.items():
        (folder / "docs" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "docs" / path).write_text(text, encoding="utf-8")
    rows = [
        {
            "id": f"q-{number}",
            "question": question,
            "answers": answers,
            "evidence": [{"path": path, "quote": quote}] if path else [],
            "answerable": bool(path),
        }
        for number, (question, answers, path, quote) in enumerate(ROWS, start=1)
    ]
    (folder / "questions.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return folder
