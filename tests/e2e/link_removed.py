#!/usr/bin/python3
"""net2pty takes its link away when SIGTERM or SIGINT ends it, but not what somebody else put there."""

import os
import signal

import harness
from harness import check, equal


def main():
    server = harness.Com2net('loop:', '0')
    where = f'127.0.0.1:{server.port}'
    for number in signal.SIGTERM, signal.SIGINT:
        client = harness.Net2pty(harness.temp('tty'), where)
        link = harness.open_link(client.link)
        status = client.stop(number)
        client.expected = status in (0, 128 + number, -number)
        check(client.expected, f'an orderly end: {status}')
        check(not os.path.lexists(client.link), f'the link is gone after {signal.Signals(number).name}')
        os.close(link)

    client = harness.Net2pty(harness.temp('tty'), where)
    os.unlink(client.link)
    os.symlink('/dev/null', client.link)
    client.stop()
    equal(os.readlink(client.link), '/dev/null', "somebody else's link")


harness.run(main)
