#!/usr/bin/python3
"""tcflush(TCIFLUSH) on a link: nothing of before comes later, all of after comes."""

import os
import termios

import harness
from harness import equal


def main():
    device, _, client = harness.bridge()
    link = harness.open_link(client.link)
    for _ in range(20):
        all_of_it = client.received() + 3000
        device.write(b'old' * 1000)
        termios.tcflush(link, termios.TCIFLUSH)
        # on the way at the flush: may still come
        harness.eventually(lambda: client.received() >= all_of_it, 'net2pty has all that was sent')
        termios.tcflush(link, termios.TCIFLUSH)
        os.write(link, b'?')
        equal(device.read(1), b'?', 'the question')
        device.write(b'answer')
        equal(harness.read_exactly(link, 6, 5, 'link'), b'answer', 'the first bytes after a flush')


harness.run(main)
