#!/usr/bin/python3
"""Ctrl-C, Ctrl-Break, the console's close, logoff and shutdown end it with status 0, a break
released, lines and settings put back."""

import os
import signal

import harness
import wine
from harness import equal


class Console(wine.Exe):
    """com2net.exe behind console.exe, which lets the event happen when something comes out of a
    fifo."""

    def __init__(self, event, fifo):
        self.fifo = os.open(fifo, os.O_RDWR)
        harness.Program.__init__(
            self, wine.command(os.environ['CONSOLE_EXE'], event, wine.EXE, 'COM3', '0'),
            env=wine.environment(lines=True), stdin=self.fifo)
        self.port = int(self.says(r'listening on \S*:(\d+)').group(1))


def leave_traces(server, port):
    peer = harness.Peer(server.port).agreed()
    equal(peer.ask_value(harness.BAUD, 230400), 230400, 'speed')
    equal(peer.ask_value(harness.CONTROL, 5), 5, 'break on')
    equal((port.get('broken'), port.outputs), (1, 'DTR RTS'), 'break and lines')
    return peer


def no_traces(port, found):
    equal((port.get('broken'), port.outputs), (0, ''), 'break and lines at the end')
    equal(port.settings().speed, found, 'speed at the end')


def main():
    port = wine.Port(lines=True)
    found = port.settings().speed
    server = wine.Exe('COM3', '0', lines=True)
    peer = leave_traces(server, port)
    equal(server.stop(signal.SIGINT), 0, 'status after Ctrl-C')
    equal(peer.ended(), 'end', 'the client')
    no_traces(port, found)

    for name, number in (('Ctrl-Break', 1), ('close', 2), ('logoff', 5), ('shutdown', 6)):
        told = harness.temp(f'told-{number}')
        os.mkfifo(told)
        server = Console(number, told)
        peer = leave_traces(server, port)
        with open(told, 'w') as f:
            f.write('now')
        equal(server.wait(), 0, f'status after {name}')
        equal(peer.ended(), 'end', 'the client')
        no_traces(port, found)


harness.run(main)
