#!/usr/bin/python3
"""Ctrl-C and Ctrl-Break end it with status 0, a break released, lines and settings put back."""

import signal

import harness
import wine
from harness import equal


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


harness.run(main)
