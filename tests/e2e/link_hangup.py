#!/usr/bin/python3
"""With the option hangup programs get an end of file when the server goes; the link then leads to a
new terminal, which works once the server is back."""

import os

import harness
from harness import check, equal


def main():
    server = harness.Com2net('loop:', '0')
    where = server.port
    client = harness.Net2pty(harness.temp('tty') + ',hangup', f'127.0.0.1:{where}')
    name = harness.temp('tty')
    before = os.readlink(name)
    link = harness.open_link(name)
    harness.eventually(lambda: echoes(link), 'the link works', 5)
    server.stop()
    harness.eventually(lambda: at_end(link), 'the program is hung up', 5)
    os.close(link)
    harness.eventually(lambda: os.path.lexists(name) and os.readlink(name) != before,
                       'the link leads to a new terminal', 5)
    harness.Com2net('loop:', where)
    client.says('connected to.*\n(.*\n)*.*connected to')
    link = harness.open_link(name)
    harness.eventually(lambda: echoes(link), 'the link works again', 5)


def echoes(link):
    os.write(link, b'x')
    return harness.read_some(link, 0.2)


def at_end(link):
    try:
        return os.read(link, 100) == b''
    except BlockingIOError:
        return False
    except OSError:
        return True


harness.run(main)
