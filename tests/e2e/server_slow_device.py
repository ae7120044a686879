#!/usr/bin/python3
"""All that a client sent before it left reaches a slow device; one that takes nothing is given up."""

import threading
import time

import clock
import harness
from harness import check, equal

COUNT = 150000
SLOW_S = 20  # longer than a stream waits for an owner who does not get on


def send_and_leave(port):
    def send():
        sock = harness.connect(port)
        sock.settimeout(None)
        sock.sendall(b'x' * COUNT)
        sock.close()
    threading.Thread(target=send, daemon=True).start()


def main():
    slow, stuck = harness.Device(), harness.Device()
    server = harness.Com2net(slow.path + ',mode=raw', '0', stuck.path + ',mode=raw', '0')
    for port in server.ports:
        send_and_leave(port)
    begin, got = time.monotonic(), 0
    while time.monotonic() - begin < SLOW_S:
        got += len(slow.read(500))
        time.sleep(0.25)
    while got < COUNT:
        limit, more = clock.Limit(5), b''
        while not more and limit.left():
            more = slow.quiet(0.1)
        check(more, f'all bytes arrive, not only {got}')
        got += len(more)
    equal(got, COUNT, 'bytes at the slow device')
    server.says(f'{stuck.path}.*disconnected', 30)
    server.says(f'{stuck.path}: closed', 10)


harness.run(main)
