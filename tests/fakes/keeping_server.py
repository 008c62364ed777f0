"""A server whose answers are scripted, and which keeps them as ``footnote serve`` does: run as a process, to be killed.

    python keeping_server.py FOLDER

keeps them in FOLDER, and prints the port it listens at.
"""

import sys
from pathlib import Path

import uvicorn

from api.app.fastapi_app import create_app
from api.app.http_server import listen
from api.context.question_service import QuestionService
from api.history.audit_log import Journal
from api.history.conversation_store import Conversations
from api.history.conversation_turns import ConversationTurns
from fakes.answerer import ScriptedAnswerer, answer, telling
from fakes.services import fake_services


def main(folder: Path) -> None:
    answerer = ScriptedAnswerer(*telling(answer("Staff get 25 days [1].", {1: "25 days"})))
    conversations = Conversations.open(folder, lambda ids, _: set(ids))
    turns = ConversationTurns(conversations)
    questions = QuestionService(answerer=answerer, conversations=turns, recorders=(Journal.open(folder),))
    app = create_app(fake_services(answerer, questions=questions, conversations=conversations))
    listener = listen("127.0.0.1", 0)
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
