"""``footnote index``: bring the index up to date with folders of documents, once or as they change."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from api.commands import terminal
from api.commands.options import AsJson, ConfigFile, IndexDir, load
from indexes.errors import FootnoteError
from rag.console import print_json

if TYPE_CHECKING:
    from indexes.ingest.sync import Leave, SyncReport
    from indexes.ingest.writer import IndexWriter
    from rag.settings import Settings

_QUIET_MS = 1000
"""Milliseconds without a change after which a watched folder is compared once unprompted."""


def index(
    docs: Annotated[list[Path], typer.Argument(help="Folders of documents, or single files.")],
    index: IndexDir = None,
    config: ConfigFile = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep running, and index changes as they happen.")] = False,
    allow_delete: Annotated[
        bool, typer.Option("--allow-delete", help="Allow the removal of most of the index, if those files are gone.")
    ] = False,
    allow_unmatched_rules: Annotated[
        bool, typer.Option("--allow-unmatched-rules", help="Go on if an access rule matches no document.")
    ] = False,
    allow_wider_access: Annotated[
        bool, typer.Option("--allow-wider-access", help="Allow more people to read documents that were protected.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the index up to date with the folders: new, changed and removed files."""
    from indexes.ingest.folder_scan import scan_folders
    from rag.engine.access_state import check_new, objections
    from rag.engine.engine import open_writer, plan

    settings = load(config, index)
    if dry_run:
        pending, stops = plan(settings, docs), [str(error) for error in objections(settings, docs)]
        if as_json:
            facts = {name: value for name, value in asdict(pending).items() if name != "files"}
            print_json({**facts, "stops": stops})
        else:
            terminal.print_plan(pending)
            terminal.print_lines(f"would stop: {reason}" for reason in stops)
        return
    scan_folders(docs)  # fail before an index is created and a model is loaded
    if not allow_unmatched_rules:
        check_new(settings, docs)  # likewise
    with (
        terminal.interruptible("What was indexed is kept. Run the command again to continue."),
        open_writer(settings) as writer,
    ):
        report = _sync(
            writer,
            docs,
            as_json=as_json,
            allow_delete=allow_delete,
            allow_unmatched_rules=allow_unmatched_rules,
            allow_wider_access=allow_wider_access,
        )
        if watch:
            _follow(writer, settings, docs, as_json=as_json)
    if report.failed:
        raise typer.Exit(1)


def _sync(writer: "IndexWriter", docs: list[Path], *, as_json: bool, **leave: Unpack["Leave"]) -> "SyncReport":
    """Index once. ``leave`` is what the user allows, as ``IndexWriter.run`` takes it."""
    with terminal.SyncProgress() as progress:
        report = writer.run(docs, progress, **leave)
    print_json(asdict(report)) if as_json else terminal.print_report(report)
    return report


def _follow(writer: "IndexWriter", settings: "Settings", docs: list[Path], *, as_json: bool) -> None:
    """Index each change until interrupted. A change that fails is reported, and the next one is tried."""
    from watchfiles import watch

    from indexes.ingest.uploads import NAME
    from rag.engine.engine import plan

    terminal.say("Following changes (Ctrl-C stops it)")
    own = settings.index.dir.resolve()
    batches = watch(
        *docs,
        own,
        watch_filter=lambda _, path: (
            not (place := Path(path).resolve()).is_relative_to(own) or place.is_relative_to(own / NAME)
        ),
        rust_timeout=_QUIET_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    compared = False
    for changes in batches:
        if compared and not changes:
            continue
        compared = True  # once without a notice: something may have changed before the watch began
        try:
            if plan(settings, docs).differs:
                _sync(writer, docs, as_json=as_json)
        except FootnoteError as error:
            terminal.print_error(str(error))
