#!/usr/bin/python3
"""With no-touch-lines on both sides nothing moves DTR and RTS but who says so: not the opening and
closing of links, not clients that come and go. Without it, they do."""

import os

import harness
from harness import check, equal, eventually


def open_and_close(client):
    link = harness.open_link(client.link)
    harness.opened(client)
    os.write(link, b'x')
    equal(harness.read_exactly(link, 1, 5, 'link'), b'x', 'data')
    os.close(link)
    eventually(lambda: 'program: none' in client.status(), 'net2pty has noticed the close')


def changes(watcher):
    """How often lines changed since the watcher was asked last."""
    watcher.ask(harness.BAUD, harness.u32(0))  # what came before it is here now
    count = sum(1 for code, _ in watcher.messages if code == 107)
    watcher.messages.clear()
    return count


def session(options, *arguments):
    """A link is opened and closed, and goes; how often that moved the lines."""
    server = harness.Com2net(f'loop:,observers{options}', '0')
    client = harness.Net2pty(*arguments, harness.temp(f'tty{server.port}'), f'127.0.0.1:{server.port}')
    eventually(lambda: 'state: connected' in client.status(), 'net2pty is connected')
    watcher = harness.Peer(server.port).agreed()
    watcher.settle()
    changes(watcher)
    open_and_close(client)
    open_and_close(client)
    client.stop()
    server.says('disconnected: ')
    moved = changes(watcher)
    state = watcher.ask_value(harness.CONTROL, 7), watcher.ask_value(harness.CONTROL, 10)
    watcher.close()
    return moved, state


def main():
    moved, state = session('')
    check(moved >= 4, f'opening and closing move the lines: {moved} changes')
    equal(state, (9, 12), 'DTR and RTS in the end')
    moved, state = session(',no-touch-lines', '--no-touch-lines')
    equal(moved, 0, 'changes of the lines')
    equal(state, (8, 11), 'DTR and RTS in the end, as the first open left them')

    server = harness.Com2net('loop:,no-touch-lines,dtr=off', '0')
    first = harness.Peer(server.port).agreed()
    equal(first.ask_value(harness.CONTROL, 7), 9, 'DTR as given')
    equal(first.ask_value(harness.CONTROL, 12), 12, 'RTS as a client sets it')
    first.close()
    server.says('disconnected: ')
    second = harness.Net2pty(harness.temp('last') + ',no-touch-lines', f'127.0.0.1:{server.port}')
    eventually(lambda: 'lines: none' in second.status(), 'net2pty knows the lines')
    open_and_close(second)
    check('lines: none' in second.status(), f'the lines stay: {second.status()}')


harness.run(main)
