#!/usr/bin/python3
"""A peer that connects thousands of times fills no log; a log that could not be written tells how much."""

import os
import re
import resource
import signal
import socket
import struct

import harness
from harness import check, equal

CONNECTS = 4000
LIMIT = 2000  # bytes of a log file
IMPORT = struct.pack('>HHI', 0x0111, 0x8003, 0) + b'9-9'.ljust(32, b'\0')


def main():
    a_flood_of_connects()
    a_device_that_cannot_be_opened()
    a_full_disk()


def a_flood_of_connects():
    port, usb = harness.free_port(), harness.free_port()
    server = harness.Com2net('loop:', str(port), 'usb:demo-loop', str(usb), ports=2)
    holder = harness.Peer(port).agreed()
    for i in range(CONNECTS):
        say(port, (b'', b'raw', b'GET / HTTP/1.0\r\n\r\n', bytes([255, 251, 44]))[i % 4])
        say(usb, (b'', b'?', b'GET / HTTP/1.0\r\n\r\n', IMPORT)[i % 4])
    holder.close()
    equal(server.stop(), 0, 'status')
    log = server.log()
    check(len(log.splitlines()) < 300, f'{len(log.splitlines())} lines of {2 * CONNECTS} connections')
    check(re.search(r'refused: it speaks HTTP.* \(and \d+ more such lines\)', log), 'the others are counted')


def a_device_that_cannot_be_opened():
    """Its error is a line that clients cause."""
    device, link = harness.Device(), harness.temp('device')
    os.symlink(device.path, link)
    server = harness.Com2net(link, '0')
    os.unlink(link)
    for _ in range(CONNECTS // 20):
        say(server.port, b'raw')
    equal(server.stop(), 0, 'status')
    log = server.log()
    check(len(log.splitlines()) < 60, f'{len(log.splitlines())} lines of {CONNECTS // 20} connections')
    check(re.search(r'error: .* \(and \d+ more such lines\)', log), 'the others are counted')


def say(port, data):
    with socket.create_connection(('127.0.0.1', port), timeout=harness.PATIENCE) as sock:
        sock.sendall(data)
        if data:  # its end, or an answer: com2net has heard it
            sock.shutdown(socket.SHUT_WR)
            try:
                sock.recv(1)
            except ConnectionResetError:
                pass


def a_full_disk():
    """A file that may not grow beyond a size, which is then raised."""
    path = harness.temp('log')
    server = harness.Program([harness.under_test('com2net', 'server'), '-v', '--log-file', path, 'loop:', '0'],
                             preexec_fn=limited)
    port = int(harness.eventually(lambda: re.search(r'listening on .*:(\d+)', read(path)), 'it listens').group(1))
    while len(read(path)) < LIMIT:
        harness.next_client(port).close()
    for _ in range(3):
        harness.next_client(port).close()
    equal(len(read(path)), LIMIT, 'size of the log when the disk is full')
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    harness.next_client(port).close()
    harness.eventually(lambda: re.search(r'warning: \d+ lines are missing here: File too large', read(path)),
                       'what is missing is told')
    equal(server.stop(), 0, 'status')


def limited():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except FileNotFoundError:
        return ''


harness.run(main)
