"""What a run tells of its settings: enough to know it by, and no secret."""

import json

import pytest

from eval.runs.provenance import public_settings
from rag.settings import Settings

SECRET_URL = "https://someone:pa55@llm.example:8443/v1?api-key=K3Y"
KEYS = [("llm", "base_url"), ("embedding", "base_url"), ("index", "chroma_url")]


def told(part: str, key: str, url: str) -> str:
    settings = public_settings(Settings.model_validate({part: {key: url}}))
    assert not any(secret in json.dumps(settings) for secret in ("someone", "pa55", "K3Y"))
    return str(settings[part][key])


@pytest.mark.parametrize(("part", "key"), KEYS)
def test_what_may_be_secret_in_a_url_is_not_told_and_endpoints_still_differ(part: str, key: str) -> None:
    url = told(part, key, SECRET_URL)
    assert url.startswith("https://llm.example:8443/v1 (")
    assert url == told(part, key, SECRET_URL)
    assert url != told(part, key, SECRET_URL.replace("K3Y", "K3Y2"))


@pytest.mark.parametrize("url", ["https://llm.example/v1", "http://[::1]:8000/v1/@team"])
def test_a_url_without_secrets_is_told_as_it_is(url: str) -> None:
    assert told("llm", "base_url", url) == url


@pytest.mark.parametrize("url", ["someone:pa55@llm.example/v1", "//someone:pa55@llm.example", "http://[someone:pa55@x"])
def test_what_is_no_url_keeps_its_secret_too(url: str) -> None:
    assert told("llm", "base_url", url)
