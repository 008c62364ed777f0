"""Asks an OpenAI-compatible server by LlamaIndex's OpenAILike, in each way it has, and prints the texts as JSON.

Run by the python of ``make openai-like``: OpenAILike wants an older openai than Footnote does.
"""

import asyncio
import json
import sys

from llama_index.core.llms import ChatMessage
from llama_index.llms.openai_like import OpenAILike


async def ask(base_url: str, question: str) -> dict[str, str]:
    llm = OpenAILike(model="footnote", api_base=base_url, api_key="any", is_chat_model=True, max_retries=0)
    messages = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content=question)]
    return {
        "complete": llm.complete(question).text,
        "stream_complete": "".join(part.delta or "" for part in llm.stream_complete(question)),
        "chat": str(llm.chat(messages).message.content),
        "stream_chat": "".join(part.delta or "" for part in llm.stream_chat(messages)),
        "achat": str((await llm.achat(messages)).message.content),
        "astream_chat": "".join([part.delta or "" async for part in await llm.astream_chat(messages)]),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(ask(*sys.argv[1:]))))
