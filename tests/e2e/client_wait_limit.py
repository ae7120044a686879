#!/usr/bin/python3
"""net2pty --wait 2 gives up after two seconds and names the server it did not reach."""

import os
import time

import clock
import harness
from harness import check


def main():
    port = harness.free_port()
    link = harness.temp('tty')
    begin, begin_real = clock.now(), time.monotonic()
    said = harness.fails([harness.under_test('net2pty', 'client'), '--wait', '2', link,
                          f'127.0.0.1:{port}'])
    took, took_real = clock.now() - begin, time.monotonic() - begin_real
    check(1.5 < took_real and took < 5, f'gives up after two seconds: {took:.1f}, {took_real:.1f}')
    check(str(port) in said, f'the error names the server: {said}')
    check(not os.path.lexists(link), 'no link is left')


harness.run(main)
