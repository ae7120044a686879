#!/usr/bin/python3
"""With `takeover` a new client gets the port, the old one is ended, settings begin afresh."""

import harness
from harness import equal


def main():
    server = harness.Com2net('loop:,19200,takeover', '0')
    first = harness.Peer(server.port).agreed()
    equal(first.ask_value(harness.BAUD, 57600), 57600, 'speed of the first')
    equal(first.ask_value(harness.CONTROL, 5), 5, 'break of the first')
    second = harness.Peer(server.port).agreed()
    first.ended()
    equal(second.ask_value(harness.BAUD, 0), 19200, 'speed that the second finds')
    equal(second.ask_value(harness.CONTROL, 4), 6, 'break that the second finds')
    second.send(b'mine')
    equal(second.read(4), b'mine', 'data of the second')


harness.run(main)
