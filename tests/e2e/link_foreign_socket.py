#!/usr/bin/python3
"""Nothing of somebody else is touched: a file in the place of the socket beside the link, a link to
something that is no terminal, a folder that another program keeps locked."""

import fcntl
import os
import socket

import harness
from harness import check, equal


def main():
    server = harness.Com2net('loop:', '0')
    net2pty = harness.under_test('net2pty', 'client')
    where = f'127.0.0.1:{server.port}'

    with open(harness.temp('.tty1.net2pty'), 'w') as f:
        f.write('mine')
    os.symlink('/etc/passwd', harness.temp('tty1'))
    said = harness.fails([net2pty, harness.temp('tty1'), where])
    check('taken by something else' in said, f'the reason is said: {said}')
    equal(open(harness.temp('.tty1.net2pty')).read(), 'mine', 'the file')
    equal(os.readlink(harness.temp('tty1')), '/etc/passwd', 'the link')

    # a socket that nobody serves, as a killed net2pty leaves it, but the link is not ours
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(harness.temp('.tty2.net2pty'))
    os.symlink('/etc/passwd', harness.temp('tty2'))
    said = harness.fails([net2pty, harness.temp('tty2'), where])
    check('was not made by net2pty' in said, f'the reason is said: {said}')
    equal(os.readlink(harness.temp('tty2')), '/etc/passwd', 'the link')

    folder = os.open(harness.temp(), os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    said = harness.fails([net2pty, harness.temp('tty3'), where])
    check('locked' in said, f'the reason is said: {said}')


harness.run(main)
