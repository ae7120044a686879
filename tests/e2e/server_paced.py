#!/usr/bin/python3
"""`paced` makes the loop as slow as a wire, and a change of speed waits for what was sent before."""

import time

import harness
from harness import check, equal, subnegotiation, u32


def main():
    server = harness.Com2net('loop:,1200,paced', '0')
    peer = harness.Peer(server.port).agreed()
    begin = time.monotonic()
    peer.send(b'x' * 120)
    peer.read(120)
    took = time.monotonic() - begin
    check(0.9 < took < 2, f'120 bytes take a second at 1200: {took:.2f}')

    begin = time.monotonic()
    peer.send(b'y' * 60 + subnegotiation(harness.BAUD, u32(115200)) + b'z' * 600)
    peer.until(lambda: any(code == 101 for code, _ in peer.messages), 'the answer')
    check(time.monotonic() - begin > 0.4, 'the change waits for the bytes before it')
    equal(peer.read(660), b'y' * 60 + b'z' * 600, 'data')
    check(time.monotonic() - begin < 1.5, 'what follows has the new speed')


harness.run(main)
