"""A process that has imported the heavy libraries once, and forks a child for each Python command it is given.

``fakes.warm_python`` starts it. It ends when its standard input closes, and kills its children then.
"""

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any, NoReturn

_IMPORTS = (
    *("torch", "sentence_transformers", "chromadb", "llama_index.core", "onnxruntime", "mcp", "uvicorn", "slack_bolt"),
    *("api.app.http_server", "api.mcp.mcp_server", "api.commands.cli", "indexes.models.sentence_transformer"),
)
_MOST = 1 << 17
"""Bytes of a request: arguments and environment."""

Request = dict[str, Any]


def wait_for_request(address: str) -> Request:  # noqa: C901 - one loop over four kinds of events
    """Serve clients until forked; return in each child, with what it is to run."""
    selector = selectors.DefaultSelector()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    children: dict[int, socket.socket] = {}
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                client, _ = listener.accept()
                message, files, _, _ = socket.recv_fds(client, _MOST, 3)
                pid = os.fork()
                if pid == 0:
                    for other in [*selector.get_map().values()]:
                        if other.fd != sys.stdin.fileno():
                            os.close(other.fd)
                    os.close(client.detach())
                    return json.loads(message) | {"files": files}
                for file in files:
                    os.close(file)
                children[pid] = client
                with suppress(OSError):
                    client.send(str(pid).encode())
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
                selector.register(client, selectors.EVENT_READ, pid)
            elif key.data is None:
                end(children)
            elif key.data in children and key.fileobj is children[key.data]:  # the client was killed
                selector.unregister(key.fileobj)
                os.kill(key.data, signal.SIGKILL)
            elif isinstance(key.fileobj, int):
                selector.unregister(key.fileobj)
                os.close(key.fileobj)
                client = children.pop(key.data)
                code = os.waitstatus_to_exitcode(os.waitpid(key.data, 0)[1])
                with suppress(OSError):
                    client.send(str(code).encode())
                with suppress(KeyError):
                    selector.unregister(client)
                client.close()


def end(children: dict[int, socket.socket]) -> NoReturn:
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os._exit(0)


def run(request: Request) -> int:
    """Do as ``python -m MODULE ARGUMENT…`` does in the client's folder, environment and files. Return the exit code."""
    for number, file in enumerate(request["files"]):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path[0] = request["folder"]
    sys.path[1:1] = request["environment"].get("PYTHONPATH", "").split(os.pathsep)
    _, module, *sys.argv[1:] = request["arguments"]
    sys.modules.pop(module, None)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter ends a program
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    for name in _IMPORTS:
        __import__(name)
    gc.freeze()  # what was imported stays shared with the children
    code = run(wait_for_request(sys.argv[1]))
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # as a process ends, but for taking apart all that was imported
