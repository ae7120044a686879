#!/usr/bin/python3
"""Every command of RFC 2217 is answered with a value that makes sense, queries included."""

import harness
from harness import BAUD, CONTROL, PARITY, SIZE, STOP, check, equal


def main():
    server = harness.Com2net('loop:', '0')
    peer = harness.Peer(server.port).agreed()
    check(peer.ask(harness.SIGNATURE), 'a SIGNATURE')
    peer.say(harness.SIGNATURE, b'a client \xff of tests')
    for code, values in ((BAUD, (300, 115200, 255, 0xFFFF)), (SIZE, (5, 6, 7, 8)),
                         (PARITY, (1, 2, 3, 4, 5, 1)), (STOP, (1, 2, 3, 1))):
        for value in values:
            equal(peer.ask_value(code, value), value, f'answer to command {code}')
            equal(peer.ask_value(code, 0), value, f'query of command {code}')
    # refusal: the old value
    equal(peer.ask_value(SIZE, 9), 8, 'nine data bits')
    equal(peer.ask_value(PARITY, 77), 1, 'parity 77')
    equal(peer.ask_value(STOP, 9), 1, 'nine stop bits')
    for query, values in ((0, (1, 2, 3, 1)), (4, (5, 6)), (7, (9, 8)), (10, (12, 11))):
        for value in values:
            equal(peer.ask_value(CONTROL, value), value, f'control {value}')
            equal(peer.ask_value(CONTROL, query), value, f'control query {query}')
    for value in (13, 14, 15, 16, 17, 18, 19):
        check(peer.ask_value(CONTROL, value) < 20, f'control {value} is answered')
    equal(peer.ask_value(CONTROL, 1), 1, 'no flow control')
    equal(peer.ask_value(harness.LINESTATE_MASK, 16), 16, 'linestate mask')
    equal(peer.ask_value(harness.MODEMSTATE_MASK, 255), 255, 'modemstate mask 255')
    for value in (1, 2, 3):
        equal(peer.ask_value(harness.PURGE, value), value, f'purge {value}')
    # an old Cisco says the speed in one byte and wants it back so
    equal(peer.ask(BAUD, b'\x0e'), b'\x0e', 'draft speed 14')
    equal(peer.ask_value(BAUD, 0), 115200, 'what it means')
    peer.send(b'data')
    equal(peer.read(4), b'data', 'data at the end')


harness.run(main)
