"""The chat page, and the same opened at a document."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse

STATIC = Path(__file__).parents[1] / "static"
router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def index() -> FileResponse:
    return FileResponse(STATIC / "index.html")


@router.api_route("/view/{document}", methods=["GET", "HEAD"])
async def view(document: str) -> HTMLResponse:  # noqa: ARG001 - the page reads its own address
    """The same page, which opens the document: whether there is one is told to who may know.

    Its addresses are relative, so that it works behind a prefix; here they begin one folder up.
    """
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    return HTMLResponse(page.replace('"static/', '"../static/'))
