#!/usr/bin/python3
"""Many clients that come at once are connected, however late com2net takes them: the system's queue is as
long as the system lets it be. Without it each of them tries again after 1 s, 3 s, 7 s and so on."""

import selectors
import signal
import socket

import harness
from harness import check

CLIENTS = 400


def connected(port):
    """How many of them are, while the server is stopped."""
    with selectors.DefaultSelector() as waiting:
        for _ in range(CLIENTS):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(('127.0.0.1', port))
            waiting.register(client, selectors.EVENT_WRITE)
        count = 0
        while waiting.get_map():
            ready = waiting.select(0.5)
            if not ready:
                break
            count += len(ready)
            for key, _ in ready:
                waiting.unregister(key.fileobj)
                key.fileobj.close()
        return count


def main():
    with open('/proc/sys/net/core/somaxconn', encoding='ascii') as limit:
        if int(limit.read()) < CLIENTS:
            harness.skip(f'this system queues less than {CLIENTS} connections (net.core.somaxconn)')
    server = harness.Com2net('loop:', '0', 'usb:demo-loop', '0', ports=2)
    for port in server.ports:
        server.send_signal(signal.SIGSTOP)
        count = connected(port)
        server.send_signal(signal.SIGCONT)
        check(count == CLIENTS, f'all are connected: {count} of {CLIENTS}')


harness.run(main)
