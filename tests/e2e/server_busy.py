#!/usr/bin/python3
"""A second client is told by SIGNATURE that the port is busy, and the first is not disturbed."""

import re

import harness
from harness import check, equal


def main():
    server = harness.Com2net('loop:', '0')
    first = harness.Peer(server.port).agreed()
    equal(first.ask_value(harness.BAUD, 57600), 57600, 'speed of the first')

    second = harness.Peer(server.port)
    second.ended()
    check((harness.DO, harness.COMPORT) in second.negotiated, 'the second gets DO COM-PORT')
    texts = [payload for code, payload in second.messages if code == harness.SIGNATURE + 100]
    check(texts and re.search(b'busy|in use', texts[-1], re.I), f'a SIGNATURE says busy: {texts}')
    equal(bytes(second.data), b'', 'data to the second')

    raw = harness.connect(server.port)
    raw.settimeout(60)
    equal(raw.recv(100), b'', 'what a raw second client gets')

    first.send(b'mine')
    equal(first.read(4), b'mine', 'data of the first')
    equal(first.ask_value(harness.BAUD, 0), 57600, 'speed of the first')
    first.close()

    harness.next_client(server.port).agreed()


harness.run(main)
