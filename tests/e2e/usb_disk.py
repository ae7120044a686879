#!/usr/bin/python3
"""usb:demo-disk over USB/IP, by the commands of its bulk-only transport: what it has taken is in the
image, what the image cannot take is said, and a command that was given up is no obstacle."""

import os
import resource
import signal
import struct

import harness
import usbip
from harness import check, equal
from usbip import IN, OUT

BLOCK = 512
GOOD, FAILED = 0, 1
EPIPE = -32


def attach(port):
    client = usbip.Client(port)
    equal(client.import_device('250-1')['busid'], '250-1', 'import')
    equal(client.control(0, 9, 1, 0), (0, 0), 'SET_CONFIGURATION')
    return client


def begin(client, command, expected, direction):
    """Sends a command wrapper."""
    wrapper = struct.pack('<4sIIBBB16s', b'USBC', 7, expected, 0x80 if direction == IN else 0, 0,
                          len(command), command)
    equal(client.do(2, OUT, wrapper), (0, 31), 'a command is taken')


def end(client, residue=0):
    """The status, behind what was not moved."""
    got, status = client.do(1, IN, length=13)
    equal((got, status[:12]), (0, b'USBS' + struct.pack('<II', 7, residue)), 'a status follows')
    return status[12]


def move(operation, block, count):
    return struct.pack('>BBIBHB', operation, 0, block, 0, count, 0)


def write(client, block, data):
    begin(client, move(0x2a, block, len(data) // BLOCK), len(data), OUT)
    equal(client.do(2, OUT, data), (0, len(data)), 'its data are taken')
    return end(client)


def read(client, block, count):
    begin(client, move(0x28, block, count), count * BLOCK, IN)
    got, data = client.do(1, IN, length=count * BLOCK)
    equal((got, end(client)), (0, GOOD), 'a read')
    return data


def test_unit_ready(client):
    begin(client, bytes(6), 0, OUT)
    return end(client)


def image(blocks):
    path = harness.temp('image')
    with open(path, 'wb') as file:
        file.truncate(blocks * BLOCK)
    return path


def what_is_taken_is_in_the_image():
    path = image(64)
    server = harness.Com2net(f'usb:demo-disk:{path}', '0')
    client = attach(server.port)
    data = os.urandom(3 * BLOCK)
    equal(write(client, 5, data), GOOD, 'status')
    server.kill()
    with open(path, 'rb') as file:
        equal(file.read()[5 * BLOCK:8 * BLOCK], data, 'the image after the server was killed')


def what_cannot_be_written_is_said():
    limit = 32 * BLOCK

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = image(64)
    server = harness.Com2net(f'usb:demo-disk:{path}', '0', preexec_fn=limited)
    client = attach(server.port)
    equal(write(client, 31, bytes(BLOCK)), GOOD, 'below the limit')
    equal(write(client, 32, bytes(BLOCK)), FAILED, 'above')
    begin(client, bytes([3, 0, 0, 0, 18, 0]), 18, IN)
    sense = client.do(1, IN, length=18)[1]
    equal((sense[2], sense[12], end(client)), (3, 0x0c, GOOD), 'a write error of the medium')
    equal(read(client, 31, 1), bytes(BLOCK), 'what can be read')


def a_command_is_given_up():
    server = harness.Com2net(f'usb:demo-disk:{image(64)}', '0')
    client = attach(server.port)
    for how in 'SET_CONFIGURATION', 'a reset of the transport':
        begin(client, move(0x28, 0, 4), 4 * BLOCK, IN)
        equal(client.do(1, IN, length=BLOCK), (0, bytes(BLOCK)), 'a quarter of the data')
        if how == 'SET_CONFIGURATION':
            equal(client.control(0, 9, 1, 0), (0, 0), how)
        else:
            equal(client.control(0x21, 0xff, 0, 0), (0, 0), how)
        equal(test_unit_ready(client), GOOD, f'the next command after {how}')


def a_host_announces_more_than_a_command_takes():
    path = image(64)
    server = harness.Com2net(f'usb:demo-disk:{path}', '0')
    client = attach(server.port)
    data = os.urandom(4 * BLOCK)
    begin(client, move(0x2a, 0, 2), len(data), OUT)
    equal(client.do(2, OUT, data), (0, len(data)), 'all of it in one transfer is taken')
    equal(end(client, 2 * BLOCK), GOOD, 'status')
    begin(client, move(0x2a, 2, 2), len(data), OUT)
    equal(client.do(2, OUT, data[:2 * BLOCK]), (0, 2 * BLOCK), 'what the command takes')
    equal(client.do(2, OUT, data[2 * BLOCK:])[0], EPIPE, 'the rest')
    equal(client.control(2, 1, 0, 2), (0, 0), 'CLEAR_FEATURE(HALT)')
    equal(end(client, 2 * BLOCK), GOOD, 'status')
    equal(read(client, 0, 5), data[:2 * BLOCK] + data[:2 * BLOCK] + bytes(BLOCK), 'what is there')


def main():
    what_is_taken_is_in_the_image()
    what_cannot_be_written_is_said()
    a_command_is_given_up()
    a_host_announces_more_than_a_command_takes()


harness.run(main)
