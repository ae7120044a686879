#!/usr/bin/python3
"""`paced` makes the loop as slow as a wire, and a change of speed waits for what was sent before."""

import time

import clock
import harness
from harness import check, equal, subnegotiation, u32


def main():
    server = harness.Com2net('loop:,1200,paced', '0')
    peer = harness.Peer(server.port).agreed()
    begin, begin_real = clock.now(), time.monotonic()
    peer.send(b'x' * 120)
    peer.read(120)
    took, took_real = clock.now() - begin, time.monotonic() - begin_real
    check(0.9 < took_real and took < 2,
          f'120 bytes take a second at 1200: {took:.2f}, {took_real:.2f}')

    begin, begin_real = clock.now(), time.monotonic()
    peer.send(b'y' * 60 + subnegotiation(harness.BAUD, u32(115200)) + b'z' * 600)
    peer.until(lambda: any(code == 101 for code, _ in peer.messages), 'the answer')
    check(time.monotonic() - begin_real > 0.4, 'the change waits for the bytes before it')
    equal(peer.read(660), b'y' * 60 + b'z' * 600, 'data')
    check(clock.now() - begin < 1.5, 'what follows has the new speed')


harness.run(main)
