#!/usr/bin/python3
"""A break at the loop device comes back as a line state, if the mask asks for it."""

import harness
from harness import CONTROL, check, equal


def states(peer):
    return [payload[0] for code, payload in peer.messages if code == harness.LINESTATE + 100]


def main():
    server = harness.Com2net('loop:', '0')
    peer = harness.Peer(server.port).agreed()
    peer.ask_value(CONTROL, 5)
    peer.ask_value(CONTROL, 6)
    peer.settle()
    equal(states(peer), [], 'line states without a mask')
    equal(peer.ask_value(harness.LINESTATE_MASK, 16), 16, 'mask')
    peer.ask_value(CONTROL, 5)
    peer.until(lambda: states(peer), 'a line state', 5)
    check(all(state == 16 for state in states(peer)), f'only break: {states(peer)}')
    equal(peer.ask_value(CONTROL, 6), 6, 'break off')
    peer.send(bytes((harness.IAC, harness.BRK)) + b'x')
    peer.read(1)


harness.run(main)
