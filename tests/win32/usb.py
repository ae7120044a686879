#!/usr/bin/python3
"""USB devices of com2net.exe: there are none under Wine, which it says, and waits for; Linux's usbip
lists the built-in ones."""

import re
import struct
import subprocess
import tempfile
import time

import harness
import usbip
import wine
from harness import check, equal

IMAGE = tempfile.NamedTemporaryFile(suffix='.img')
IMAGE.write(bytes(65536))
IMAGE.flush()

# all that is built in
DEMOS = (
    ('usb:demo-loop', '1209:0001'),
    ('usb:demo-ftdi', '0403:6001'),
    ('usb:demo-icestick', '0403:6010'),
    ('usb:demo-dfu', '1209:0004'),
    ('usb:demo-mouse', '1209:0006'),
    ('usb:demo-keyboard', '1209:0007'),
    (f'usb:demo-disk:{IMAGE.name}', '1209:0003'),
)


def has_none():
    status, listed = wine.run(wine.EXE, '--list')
    check(status == 0 and 'No USB devices found.' in listed, listed)
    said = wine.refused('usb:0403:6010', '0', status=1)
    check('no USB device matches usb:0403:6010; there are no USB devices here; with ,hotplug it may '
          'come later' in said, said)
    check('a USB device is usb:VID:PID' in wine.refused('usb:403:6010', '0', status=2), 'its form')


def waits():
    server = wine.Exe('usb:0403:6010,hotplug,name=board', 'usb:demo-loop', '0', ports=1)
    server.says('board: not there yet')
    for _ in range(3):  # while it looks for it again and again
        equal([d['busid'] for d in usbip.Client(server.port).list()], ['250-2'], 'what there is')
        time.sleep(1)
    client = usbip.Client(server.port)
    client.import_device('250-2')
    equal(client.do(1, usbip.OUT, b'hello'), (0, 5), 'it works meanwhile')
    equal(client.do(1, usbip.IN, length=100), (0, b'hello'), 'both ways')
    client.close()
    server.stop()


def is_imported():
    server = wine.Exe(*(name for name, _ in DEMOS), '0', ports=1)
    for number, (name, ids) in enumerate(DEMOS, 1):
        client = usbip.Client(server.port)
        record = client.import_device(f'250-{number}')
        equal(f'{record["vendor"]:04x}:{record["product"]:04x}', ids, name)
        status, device = client.descriptor(1, length=18)
        equal((status, '%04x:%04x' % struct.unpack_from('<HH', device, 8)), (0, ids), name)
        equal(client.control(0, 9, 1, 0), (0, 0), f'{name}: its configuration')
        client.close()
    server.stop()


def is_listed():
    usbip_program = harness.need('usbip')
    server = wine.Exe(*(name for name, _ in DEMOS), '0', ports=1)
    said = subprocess.run([usbip_program, '--tcp-port', str(server.port), 'list', '-r', '127.0.0.1'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    for number, (name, ids) in enumerate(DEMOS, 1):
        check(re.search(rf'^ *250-{number}: .*\({ids}\)$', said, re.M), f'{name} in: {said}')
    server.stop()


def main():
    has_none()
    waits()
    is_imported()
    is_listed()


harness.run(main)
