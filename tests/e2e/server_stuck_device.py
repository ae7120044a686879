#!/usr/bin/python3
"""However much is stuck before a device that takes nothing, what its client commands is done: a purge drops
it, lines and settings go ahead, questions are answered. Without a purge all of it arrives."""

import os
import termios

import harness
from harness import check, equal, same

SENT = 180000
IN_A_TTY = 65536  # more than a pseudo-terminal keeps, which no purge calls back

CONTROL, PURGE = 5, 12
TX, DTR_OFF, BREAK_QUERY, BREAK_OFF = 2, 9, 4, 6
FOUND = 38400  # what a pseudo-terminal begins with


def main():
    commands_flow()
    a_purge_drops_it()
    a_flush_of_a_link_drops_it()


def stuck_peer():
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    peer = harness.Peer(server.port).agreed()
    peer.send(b'x' * SENT)
    return device, server, peer


def commands_flow():
    device, server, peer = stuck_peer()
    equal(peer.ask_value(harness.BAUD, 0), FOUND, 'the speed, asked for behind data')
    equal(peer.ask_value(CONTROL, BREAK_QUERY), BREAK_OFF, 'the break, asked for behind data')
    equal(peer.ask_value(CONTROL, DTR_OFF), DTR_OFF, 'DTR, set behind data')
    equal(peer.ask_value(harness.BAUD, 19200), 19200, 'the speed, set behind data')
    server.says('applied with .* bytes before it unsent')
    peer.send(b'the end')
    same(device.read(SENT + 7, 60), b'x' * SENT + b'the end', 'what was stuck')
    server.stop()


def a_purge_drops_it():
    device, server, peer = stuck_peer()
    equal(peer.ask_value(PURGE, TX), TX, 'a purge behind data')
    peer.send(b'the end')
    check(until_the_end(device) < IN_A_TTY, 'what was purged does not arrive')
    server.stop()


def a_flush_of_a_link_drops_it():
    device = harness.Device()
    server = harness.Com2net('-v', device.path, '0')
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{server.port}')
    link = harness.open_link(client.link)
    view = memoryview(b'x' * SENT)

    def write():
        nonlocal view
        try:
            view = view[os.write(link, view[:4096]):]
        except BlockingIOError:
            pass
        return not view
    harness.eventually(write, 'what is to be stuck is taken')
    server.says('the device takes nothing')
    termios.tcflush(link, termios.TCOFLUSH)
    server.says('< PURGE-DATA 2')
    os.write(link, b'the end')
    check(until_the_end(device) < IN_A_TTY, 'what was flushed does not arrive')


def until_the_end(device):
    """How many bytes arrive until the last ones."""
    got = b''

    def look():
        nonlocal got
        got += device.quiet(0.01)
        return got.endswith(b'the end')
    harness.eventually(look, 'what came after a purge arrives')
    return len(got)


harness.run(main)
