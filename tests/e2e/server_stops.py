#!/usr/bin/python3
"""com2net ends at once with status 0 on SIGTERM and SIGINT, with and without a client."""

import signal

import harness
from harness import equal


def main():
    for number in signal.SIGTERM, signal.SIGINT:
        server = harness.Com2net('loop:', '0')
        equal(server.stop(number, 3), 0, 'status without a client')
        server = harness.Com2net('loop:', '0')
        peer = harness.Peer(server.port).agreed()
        equal(server.stop(number, 3), 0, 'status with a client')
        peer.ended()


harness.run(main)
