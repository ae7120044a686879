#!/usr/bin/python3
"""A client that connects in the moment in which the one before it leaves gets the port."""

import os
import signal
import time

import harness
from harness import equal


def main():
    device = harness.Device()
    server = harness.Com2net(device.path + ',mode=raw', '0')
    client = harness.connect(server.port)
    for turn in range(5):
        client.sendall(b'%d' % turn)
        equal(device.read(1), b'%d' % turn, 'data of a client')
        os.kill(server.pid, signal.SIGSTOP)  # so that it learns of both at once
        client.close()
        time.sleep(0.02)
        client = harness.connect(server.port)
        time.sleep(0.02)
        os.kill(server.pid, signal.SIGCONT)
    client.sendall(b'last')
    equal(device.read(4), b'last', 'data of the last client')


harness.run(main)
