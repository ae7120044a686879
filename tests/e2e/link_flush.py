#!/usr/bin/python3
"""tcflush(TCIFLUSH) on a link: nothing of before comes later, all of after comes."""

import os
import termios

import clock
import harness
from harness import equal


def main():
    device, _, client = harness.bridge()
    link = harness.open_link(client.link)
    for _ in range(20):
        device.write(b'old' * 1000)
        termios.tcflush(link, termios.TCIFLUSH)
        clock.sleep(0.1)  # on the way at the flush: may still come, or be dropped by the server
        termios.tcflush(link, termios.TCIFLUSH)
        clock.sleep(0.05)
        os.write(link, b'?')
        equal(device.read(1), b'?', 'the question')
        device.write(b'answer')
        equal(harness.read_exactly(link, 6, 5, 'link'), b'answer', 'the first bytes after a flush')


harness.run(main)
