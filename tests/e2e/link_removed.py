#!/usr/bin/python3
"""net2pty takes its link away when SIGTERM or SIGINT ends it, but not what somebody else put there. The
socket beside it, by which it is asked, is made again when it, or its folder, is removed."""

import os
import shutil
import signal
import socket
import subprocess

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

    the_socket_is_made_again(where)


def the_socket_is_made_again(where):
    def answers():
        asked = subprocess.run([client.argv[0], '--status', client.link], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return b'state: connected' in asked.stdout

    folder = harness.temp('folder')
    os.mkdir(folder)
    client = harness.Net2pty(os.path.join(folder, 'tty'), where)
    beside = os.path.join(folder, '.tty.net2pty')
    os.unlink(beside)
    harness.eventually(answers, 'it answers at a new socket')
    shutil.rmtree(folder)
    os.mkdir(folder)
    harness.eventually(answers, 'it answers in a new folder')
    equal(client.log().count('removed the socket'), 2, 'lines about that')
    os.unlink(beside)
    other = socket.socket(socket.AF_UNIX)
    other.bind(beside)
    other.listen()
    client.stop()
    check(os.path.exists(beside), "somebody else's socket stays")


harness.run(main)
