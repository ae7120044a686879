#!/usr/bin/python3
"""usb:demo-dfu over USB/IP: it leaves the bus to change its mode and comes back under its busid,
keeps a firmware in its file, and loses nothing to clients that go in the middle."""

import os
import time

import harness
import usbip
from harness import check, equal

EPIPE = -32
OUT, IN = 0x21, 0xa1
DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT = range(7)
APP_IDLE, IDLE, DNLOAD_IDLE, ERROR = 0, 2, 5, 10


def listed(port):
    return [(d['busid'], d['product'], d['classes']) for d in usbip.Client(port).list()]


def offers(port, product):
    """It is there, under its busid, in the mode of this product."""
    protocol = 1 if product == 4 else 2
    harness.eventually(lambda: listed(port) == [('250-1', product, [bytes([0xfe, 1, protocol])])],
                       f'1209:{product:04x} is offered as 250-1')


def attach(port, product):
    offers(port, product)
    client = usbip.Client(port)
    equal(client.import_device('250-1')['product'], product, 'the mode')
    equal(client.descriptor(1)[1][10:12], bytes([product, 0]), 'of its descriptors, too')
    return client


def status(client, state):
    got, data = client.control(IN, GETSTATUS, 0, 0, 6)
    equal((got, len(data), data[4]), (0, 6, state), 'state')
    return data[0]


def settle(client, state):
    """Asks for the status until it is that, as often as the device says."""
    while True:
        got, data = client.control(IN, GETSTATUS, 0, 0, 6)
        equal((got, len(data), data[0]), (0, 6, 0), 'status')
        if data[4] == state:
            return
        check(data[1] > 0, f'it is to come to state {state}, not {data[4]}')
        time.sleep(data[1] / 1000)


def download(client, data):
    for block in range((len(data) + 1023) // 1024):
        piece = data[block * 1024:(block + 1) * 1024]
        equal(client.control(OUT, DNLOAD, block, 0, piece), (0, len(piece)), 'a block')
        settle(client, DNLOAD_IDLE)
    equal(client.control(OUT, DNLOAD, block + 1, 0), (0, 0), 'the end')
    settle(client, IDLE)


def upload(client):
    data = b''
    for block in range(1000):
        got, piece = client.control(IN, UPLOAD, block, 0, 1024)
        equal(got, 0, 'an upload')
        data += piece
        if len(piece) < 1024:
            return data
    raise harness.Failed('the upload does not end')


def descriptors(client, protocol):
    got, configuration = client.descriptor(2)
    equal((got, configuration[9:18]), (0, bytes([9, 4, 0, 0, 0, 0xfe, 1, protocol, 4])), 'interface')
    equal(configuration[18:], bytes([9, 0x21, 0x0f, 0xe8, 3, 0, 4, 0x10, 1]), 'functional descriptor')
    equal(client.descriptor(0x21), (0, configuration[18:]), 'which can be asked for')
    equal(client.descriptor(3, 4)[1], bytes([18, 3]) + 'firmware'.encode('utf-16-le'), 'its name')


def changes_mode(port):
    client = attach(port, 4)
    descriptors(client, 1)
    equal(status(client, APP_IDLE), 0, 'status')
    equal(client.control(OUT, DNLOAD, 0, 0, b'x')[0], EPIPE, 'no download in run time')
    status(client, APP_IDLE)
    equal(client.control(OUT, DETACH, 1000, 0), (0, 0), 'a detach')
    check(client.closed(), 'it is unplugged')
    client = attach(port, 5)
    descriptors(client, 2)
    equal(client.control(0x23, 3, 4, 1), (0, 0), 'a reset, as of an enumeration')
    status(client, IDLE)
    equal(client.control(OUT, DETACH, 1000, 0), (0, 0), 'a detach in DFU mode')
    check(client.closed(), 'it is unplugged')
    client = attach(port, 4)
    client.control(OUT, DETACH, 1000, 0)
    client.close()  # and who asked for it does not wait
    offers(port, 5)


def leaves_though_it_is_asked(client):
    """For its state, without a pause."""
    def look():
        try:
            client.control(IN, GETSTATE, 0, 0, 1)
        except (EOFError, ConnectionResetError, BrokenPipeError):
            return True
    harness.eventually(look, 'it leaves')


def keeps_firmware(port, path):
    client = attach(port, 5)
    equal(upload(client), b'', 'there is none yet')
    first, second = os.urandom(5000), os.urandom(2048)
    download(client, first)
    equal(open(path, 'rb').read(), first, 'the file')
    equal(upload(client), first, 'what comes back')
    client.control(OUT, DNLOAD, 0, 0, second[:1024])
    client.close()
    client = attach(port, 5)
    status(client, IDLE)
    equal(upload(client), first, 'after half a download')
    client.control(OUT, DNLOAD, 0, 0, second[:1024])
    equal(client.control(OUT, DNLOAD, 0, 0, second[:1024])[0], EPIPE, 'too early')
    equal(status(client, ERROR), 15, 'errSTALLEDPKT')
    equal(client.control(OUT, CLRSTATUS, 0, 0), (0, 0), 'and cleared')
    download(client, second)
    equal(client.control(0x23, 3, 4, 1), (0, 0), 'a reset after a download')
    check(client.closed(), 'it is unplugged')
    offers(port, 4)
    return second


def main():
    path = harness.temp('firmware')
    server = harness.Com2net(f'usb:demo-dfu,file={path}', '0')
    changes_mode(server.port)
    second = keeps_firmware(server.port, path)
    equal(server.stop(), 0, 'status')
    server = harness.Com2net(f'usb:demo-dfu,file={path},start=dfu', '0')
    client = attach(server.port, 5)
    equal(upload(client), second, 'its file is its firmware')
    os.unlink(path)
    os.mkdir(path)
    client.control(OUT, DNLOAD, 0, 0, b'x')
    settle(client, DNLOAD_IDLE)
    client.control(OUT, DNLOAD, 1, 0)
    equal(status(client, ERROR), 3, 'errWRITE where it cannot be kept')
    server.says('cannot be kept in ' + path)
    client.close()
    server = harness.Com2net('usb:demo-dfu,start=dfu', '0')  # in memory
    client = attach(server.port, 5)
    download(client, second)
    equal(upload(client), second, 'from memory')
    client.control(OUT, DETACH, 1000, 0)
    leaves_though_it_is_asked(client)
    for wrong in 'usb:demo-dfu,file=/nowhere/x', 'usb:demo-dfu,start=now', 'usb:demo-dfu,ro':
        harness.fails([server.argv[0], wrong, '0'])


harness.run(main)
