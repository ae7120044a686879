#!/usr/bin/python3
"""A link that a killed net2pty left is replaced, and the name is never missing meanwhile."""

import os
import threading

import harness
from harness import check, equal


def main():
    server = harness.Com2net('loop:', '0')
    where = f'127.0.0.1:{server.port}'
    first = harness.Net2pty(harness.temp('tty'), where)
    first.kill()
    check(os.path.islink(first.link), 'a killed one leaves its link')
    missing = []
    done = threading.Event()

    def watch():
        while not done.is_set():
            if not os.path.lexists(first.link):
                missing.append(1)
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        second = harness.Net2pty(first.link, where, ready=False)
        second.says(': made')  # the old link is there all the time
    finally:
        done.set()
        thread.join()
    equal(missing, [], 'times that the name was missing')
    link = harness.open_link(second.link)
    harness.eventually(lambda: echoes(link), 'the new link works', 5)


def echoes(link):
    os.write(link, b'x')
    return harness.read_some(link, 0.2)


harness.run(main)
