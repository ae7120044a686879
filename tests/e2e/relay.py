#!/usr/bin/python3
"""A network in between: what comes is handed on late, by a time that differs from read to read.

    relay.py PORT DELAY_MS JITTER_MS

Listens on a port that it says, and connects to PORT. Every read waits for DELAY_MS and a part of
JITTER_MS, in order, both ways."""

import queue
import random
import socket
import sys
import threading
import time


def carry(source, sink, delay, jitter, seed):
    chance, waiting = random.Random(seed), queue.SimpleQueue()

    def deliver():
        while True:
            due, data = waiting.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
            except OSError:
                return
    threading.Thread(target=deliver, daemon=True).start()
    due, data = 0, True
    while data:
        try:
            data = source.recv(65536)
        except OSError:
            data = b''
        due = max(due, time.monotonic() + delay + jitter * chance.random())
        waiting.put((due, data))


def main():
    port, delay, jitter = int(sys.argv[1]), float(sys.argv[2]) / 1000, float(sys.argv[3]) / 1000
    sys.setswitchinterval(0.0005)
    listener = socket.create_server(('127.0.0.1', 0))
    print(f'relay listens on 127.0.0.1:{listener.getsockname()[1]}', flush=True)
    while True:
        near = listener.accept()[0]
        far = socket.create_connection(('127.0.0.1', port))
        for seed, (a, b) in enumerate(((near, far), (far, near))):
            a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=carry, args=(a, b, delay, jitter, seed), daemon=True).start()


if __name__ == '__main__':
    main()
