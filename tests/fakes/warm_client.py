"""Stands for ``python -m MODULE ARGUMENT…``, whose work a child of ``warm_server`` does with this process's files.

Started by ``python -I -S``, it imports next to nothing. It passes signals on; if it is killed, the child is killed.
"""

import json
import os
import signal
import socket
import sys
import time


def main(address: str, arguments: list[str]) -> int:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    while server.connect_ex(address):  # it is importing yet
        time.sleep(0.05)
    request = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109 - pathlib is slow
    socket.send_fds(server, [json.dumps(request).encode()], [0, 1, 2])
    pid = int(server.recv(64))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda passed, _: os.kill(pid, passed))
    return int(server.recv(64))


if __name__ == "__main__":
    code = main(sys.argv[1], sys.argv[2:])
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
