#!/usr/bin/python3
"""A server that says thousands of times that it does not do what was set fills no log."""

import re
import socket
import struct
import threading

import harness
from harness import check, equal

ANSWERS = 3000
SET_BAUDRATE, SET_CONTROL = 101, 105  # as servers answer them


def serve(listener, lie):
    peer = harness.Peer(listener.accept()[0])
    peer.agreed()
    peer.say(SET_BAUDRATE, struct.pack('>I', 9600))
    lie.wait()
    for i in range(ANSWERS):
        peer.say(SET_BAUDRATE, struct.pack('>I', 300 + i % 2))
        peer.say(SET_CONTROL, bytes([2 + i % 2]))
    peer.send(b'end')
    peer.receive(harness.PATIENCE)


def main():
    listener = socket.create_server(('127.0.0.1', 0))
    lie = threading.Event()
    threading.Thread(target=serve, args=(listener, lie), daemon=True).start()
    client = harness.Net2pty(harness.temp('tty'), f'127.0.0.1:{listener.getsockname()[1]}')
    link = harness.open_link(client.link)
    lie.set()
    equal(harness.read_exactly(link, 3, harness.PATIENCE, 'the link'), b'end', 'data behind the answers')
    client.stop()
    log = client.log()
    check('does not do what a program set' in log, 'it is told')
    check(len(log.splitlines()) < 60, f'{len(log.splitlines())} lines of {2 * ANSWERS} answers')
    check(re.search(r' \(and \d+ more such lines\)', log), 'the others are counted')


harness.run(main)
