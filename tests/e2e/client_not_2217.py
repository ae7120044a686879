#!/usr/bin/python3
"""A server that speaks no Telnet: net2pty says what it is not, and its text is no data."""

import socket
import threading

import harness
from harness import equal

BANNER = b'SSH-2.0-something\r\n'


def serve(listener):
    kept = []
    while True:
        sock = listener.accept()[0]
        sock.sendall(BANNER)
        kept.append(sock)


def main():
    listener = socket.create_server(('127.0.0.1', 0))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{listener.getsockname()[1]}')
    link = harness.open_link(client.link)
    client.says('SSH-2.0-something|not an RFC 2217 server', 15)
    equal(harness.read_some(link, 1), b'', 'data on the link')


harness.run(main)
