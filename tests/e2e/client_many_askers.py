#!/usr/bin/python3
"""More connections to the socket beside a link than net2pty may have descriptors: it says so, does
not spin, and serves again when they have gone."""

import os
import resource
import socket
import time

import harness
from harness import check


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))


def main():
    server = harness.Com2net('loop:', '0')
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}',
                             preexec_fn=few_descriptors)
    harness.eventually(lambda: 'state: connected' in client.status(), 'it is connected')
    path = os.path.join(os.path.dirname(client.link), f'.{os.path.basename(client.link)}.net2pty')
    askers = []
    while 'accept' not in client.log() and len(askers) < 60:
        asker = socket.socket(socket.AF_UNIX)
        askers.append(asker)
        asker.setblocking(False)
        try:
            asker.connect(path)
        except BlockingIOError:  # more than it has taken so far
            time.sleep(0.05)
    client.says('accept')
    for asker in askers:
        asker.close()
    harness.eventually(lambda: 'state: connected' in client.status(), 'it answers again')
    said = client.log().count('\n')
    check(said < 50, f'it does not repeat itself: {said} lines')


harness.run(main)
