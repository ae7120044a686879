#!/usr/bin/python3
"""A raw client that has closed its side gets the answer of the device, and then the end."""

import socket
import time

import clock
import harness
from harness import check, equal, same


QUIET_S = 1  # of the device, after which the end comes


def asked_and_answered():
    """The client of an answer with pauses that are shorter than that, each, and longer together."""
    for _ in range(10):
        device = harness.Device()
        server = harness.Com2net(device.path, '0')
        sock = harness.connect(server.port)
        sock.sendall(b'AT\r')
        times = [time.monotonic()]
        sock.shutdown(socket.SHUT_WR)
        equal(device.read(3), b'AT\r', 'question')
        for pause, part in (0.4, b'OK'), (0.8, b'\r\n'):
            time.sleep(pause)
            device.write(part)
            times.append(time.monotonic())
        if all(b - a < QUIET_S for a, b in zip(times, times[1:])):
            return device, server, sock
    raise harness.Failed('this machine is too slow: pauses have become too long')


def main():
    device, server, sock = asked_and_answered()
    begin = clock.now()
    equal(harness.read_exactly(sock.fileno(), 4, 3, 'client'), b'OK\r\n', 'answer')
    equal(sock.recv(1), b'', 'and then')
    check(clock.now() - begin < 2, 'the end follows when the device is silent')
    sock.close()

    # an answer that the client is too slow for comes complete
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(('127.0.0.1', server.port))
    sock.sendall(b'dump\r')
    sock.shutdown(socket.SHUT_WR)
    equal(device.read(5), b'dump\r', 'second question')
    device.write(harness.BULK[:65536])
    same(harness.read_exactly(sock.fileno(), 65536, 10, 'client'), harness.BULK[:65536], 'dump')
    sock.close()

    # the next client does not wait for that
    sock = harness.connect(server.port)
    sock.sendall(b'x')
    equal(device.read(1), b'x', 'data')
    sock.shutdown(socket.SHUT_WR)
    clock.sleep(0.1)
    other = harness.connect(server.port)
    other.sendall(b'y')
    equal(device.read(1), b'y', 'data of the next client')


harness.run(main)
