#!/usr/bin/python3
"""A file that the system lets grow no further, as on a full disk: what built-in devices keep there is
not spoilt by half of something else, and the end of a record of transfers is said."""

import os
import resource
import signal
import time

import harness
import usbip
from harness import check, equal
from usbip import IN, OUT

FLASH_SIZE = 4 << 20
DFU_OUT, DFU_IN, DNLOAD, UPLOAD, GETSTATUS = 0x21, 0xa1, 1, 2, 3
DNLOAD_IDLE, DFU_IDLE, DFU_ERROR = 5, 2, 10
ERR_WRITE = 3


def limited_to(size):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    return limit


def flash_memory():
    path = harness.temp('flash')
    server = harness.Program([harness.under_test('com2net', 'server'), f'usb:demo-icestick,file={path}', '0'],
                             preexec_fn=limited_to(FLASH_SIZE // 2))
    server.expected = True
    equal(server.wait(), 1, 'without room for the flash memory it does not start')
    check(path in server.log() and 'cannot be written' in server.log(), f'and says why: {server.log()}')
    server = harness.Com2net(f'usb:demo-icestick,file={path}', '0')
    equal(os.path.getsize(path), FLASH_SIZE, 'with room it does, in the same file')
    server.stop()


def settle(client):
    """The state when it is done, and the status."""
    while True:
        data = client.control(DFU_IN, GETSTATUS, 0, 0, 6)[1]
        if data[4] in (DNLOAD_IDLE, DFU_IDLE, DFU_ERROR):
            return data[4], data[0]
        time.sleep(data[1] / 1000)


def download(client, data):
    for block in range(len(data) // 1024):
        client.control(DFU_OUT, DNLOAD, block, 0, data[block * 1024:(block + 1) * 1024])
        equal(settle(client), (DNLOAD_IDLE, 0), 'a block')
    client.control(DFU_OUT, DNLOAD, len(data) // 1024, 0)
    return settle(client)


def firmware():
    path = harness.temp('firmware')
    first, second = os.urandom(8 * 1024), os.urandom(64 * 1024)
    server = harness.Com2net(f'usb:demo-dfu,file={path},start=dfu', '0', preexec_fn=limited_to(32 * 1024))
    client = usbip.Client(server.port)
    client.import_device('250-1')
    equal(download(client, first), (DFU_IDLE, 0), 'a firmware that fits')
    equal(download(client, second), (DFU_ERROR, ERR_WRITE), 'one that does not')
    server.says('cannot be kept in ' + path)
    with open(path, 'rb') as file:
        equal(file.read(), first, 'the file has the old one')


def record():
    server = harness.Com2net('--pcap', '/dev/full', 'usb:demo-loop', '0', ports=1)
    client = usbip.Client(server.port)
    client.import_device('250-1')
    for _ in range(3):
        equal(client.do(1, OUT, b'data'), (0, 4), 'a transfer')
    server.says('the record of transfers ends here, its file cannot be written: No space left')
    server.stop()
    equal(server.log().count('the record of transfers ends'), 1, 'it is said once')


def main():
    flash_memory()
    firmware()
    record()


harness.run(main)
