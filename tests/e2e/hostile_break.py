#!/usr/bin/python3
"""A client that resets its connection in the middle of a break does not leave the break on."""

import harness
from harness import BAUD, CONTROL, equal


def main():
    server = harness.Com2net('loop:', '0')
    peer = harness.Peer(server.port).agreed()
    equal(peer.ask_value(CONTROL, 5), 5, 'break on')
    peer.reset()

    peer = harness.next_client(server.port)
    equal(peer.ask_value(CONTROL, 4), 6, 'the break is off')
    peer.send(b'data')
    equal(peer.read(4), b'data', 'data')
    equal(peer.ask_value(BAUD, 57600), 57600, 'speed')


harness.run(main)
