#!/usr/bin/python3
"""A client that does not read stops its device, not the other port, and loses nothing."""

import os
import threading

import harness
import wine
from harness import check, equal

COUNT = 24 << 20  # more than every buffer on the way


def memory_kib(server):
    with open(f'/proc/{server.pid}/status') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('RssAnon'))


def main():
    port, other = wine.Port('COM3'), wine.Port('COM4')
    server = wine.Exe('COM3,mode=raw', '0', 'COM4,mode=raw', '0')
    stalled, beside = harness.connect(server.ports[0]), harness.connect(server.ports[1])
    beside.sendall(b'first')
    equal(other.read(5), b'first', 'data of the other port')
    before = memory_kib(server)
    data = (harness.BULK * (COUNT // len(harness.BULK) + 1))[:COUNT]
    sent = []

    def send():
        view = memoryview(data)
        while view:
            harness.select.select([], [port.fd], [])
            try:
                view = view[os.write(port.fd, view[:4096]):]
            except BlockingIOError:
                continue
            sent.append(COUNT - len(view))
    threading.Thread(target=send, daemon=True).start()

    def stands():
        at = sent[-1:]
        harness.time.sleep(0.5)
        return at and sent[-1:] == at
    harness.eventually(stands, 'the device is stopped', 60)
    check(sent[-1] < COUNT, 'the device is stopped before its end')
    grown = memory_kib(server) - before
    check(grown < 4096, f'memory stays bounded, it has grown by {grown} KiB')
    other.write(b'second')
    equal(harness.read_exactly(beside.fileno(), 6, 10, 'client'), b'second', 'the other port')
    harness.same(harness.read_exactly(stalled.fileno(), COUNT, 60, 'client'), data, 'all of it')


harness.run(main)
