"""LlamaIndex's OpenAILike, unchanged, against a real server: in a virtual environment of its own."""

import asyncio
import json
from pathlib import Path

import pytest

from api.app.fastapi_app import create_app
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.engines import ROOT
from fakes.services import fake_services
from fakes.serving import serving

PYTHON = ROOT / "var" / "openai-like" / "bin" / "python"
ASKING = Path(__file__).parents[1] / "fakes" / "openai_like_asking.py"
LEAVE = answer("Staff get 25 days [1].\nThey may save them [2].", {1: "25 days", 2: "may be saved"})


@pytest.mark.skipif(
    not PYTHON.exists(), reason="`make openai-like` installs LlamaIndex's client, 290 MB, and asks by it"
)
async def test_llamaindexs_client_is_answered_in_each_of_its_ways() -> None:
    answerer = ScriptedAnswerer(*telling(LEAVE))
    async with serving(create_app(fake_services(answerer))) as url:
        process = await asyncio.create_subprocess_exec(
            *(str(PYTHON), "-W", "ignore", str(ASKING), f"{url}/v1", "Leave?"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), 150)
        finally:
            if process.returncode is None:
                process.kill()
    assert process.returncode == 0, err.decode()
    told = json.loads(out)
    assert len(told) == 6
    assert {text.partition("\n\n---")[0] for text in told.values()} == {LEAVE.text}
    assert [asked.text for asked in answerer.asked] == ["Leave?"] * 6
