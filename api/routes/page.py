"""The chat page, also opened at a document."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse

STATIC = Path(__file__).parents[1] / "static"
router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> FileResponse:
    """Return the chat page."""
    return FileResponse(STATIC / "index.html")


@router.get("/view/{document}")
async def view(document: str) -> HTMLResponse:  # noqa: ARG001 - the page reads its own address
    """Return the page, which then asks for the document: only a permitted caller learns whether it exists.

    Its addresses are relative, so that it works behind a prefix. Here they begin one folder up.
    """
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    return HTMLResponse(page.replace('"static/', '"../static/'))
