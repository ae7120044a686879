#!/usr/bin/python3
"""What libusb 1.0.30 has and the pinned release has not: programs built with the newest header that
npm's package usb brings (packaging/install-packages tests), and with our own one, get it from
net2usb's library. A foreign device's strings are its own, whichever numbers they have."""

import os
import subprocess

import harness
import net2usb_returns as returns
import usb_foreign
from harness import check, equal

HERE = os.path.dirname(os.path.abspath(__file__))
NOT_FOUND, INVALID, NOT_SUPPORTED = -5, -2, -12


def build(name, *folders):
    program = harness.temp(name)
    subprocess.run([harness.need('cc'), '-Wall', '-Wextra', '-Werror', '-o', program,
                    f'{HERE}/usb_newer_api.c', *(f'-I{folder}' for folder in folders),
                    returns.LIBRARY], check=True)
    return program


def says(program, port):
    done = subprocess.run([program], capture_output=True, text=True, timeout=30, env=dict(
        os.environ, NET2USB_SERVER=f'127.0.0.1:{port}', NET2USB_DEVICES='',
        LD_LIBRARY_PATH=os.path.dirname(returns.LIBRARY)))
    equal(done.returncode, 0, f'the program ends well: {done.stderr}')
    lines = [line.split(' ', 2) for line in done.stdout.splitlines()]
    return [(name, int(value), text) for name, value, text in lines]


def check_ours(program, server):
    product = 'loopback'
    said = says(program, server.port)
    strings = [line for line in said if line[0] == 'device']
    equal([line[1] for line in strings[::4]], [INVALID, INVALID], 'types that there are not')
    check(all(line[1] == len(line[2]) + 1 > 1 for line in strings[1:4]),
          f'lengths are of the string with its end: {strings}')
    whole = strings[2][2]
    check(product in whole, f'the product: {strings}')
    expected = [('few', len(whole) + 1, whole[:3]), ('length', len(whole) + 1, ''),
                ('none', INVALID, ''), ('session', 1, ''), ('supports', 0, ''),
                ('set', NOT_SUPPORTED, ''), ('max', NOT_SUPPORTED, '')]
    equal([line for line in said if line[0] not in ('device', 'config', 'interface')], expected,
          'the rest')
    return said


class Foreign(usb_foreign.Server):
    """Its strings are number 5, which is filled up, and 7; it has no serial number."""

    def __init__(self):
        super().__init__()
        self.descriptors[1] = self.descriptors[1][:14] + bytes((5, 7, 0, 1))
        self.strings = {0: b'\x09\x04', 5: 'Zoë\0\0'.encode('utf-16-le'),
                        7: '\U0001f4a1 Lämpchen'.encode('utf-16-le') + b'\x00\xd8'}


def check_foreign(program):
    said = says(program, Foreign().port)
    product = '\U0001f4a1 Lämpchen\ufffd'
    equal(said[:4], [('device', INVALID, ''), ('device', 5, 'Zoë'),
                     ('device', len(product.encode()) + 1, product), ('device', NOT_FOUND, '')],
          'strings of a foreign server')
    equal([line for line in said if line[0] == 'few'],
          [('few', len(product.encode()) + 1, '')], 'no half of a character')


def main():
    harness.built(returns.LIBRARY)
    ours = build('ours', '/usr/include/libusb-1.0', f'{harness.TREE}/client/libusb')
    server = harness.Com2net('usb:demo-loop', '0', ports=1)
    said = check_ours(ours, server)
    configs = [line[1] for line in said if line[0] in ('config', 'interface')]
    check(len(configs) == 4 and configs[1] == NOT_FOUND == configs[3],
          f'what there is not is not found: {configs}')
    check_foreign(ours)
    newest = build('newest', os.path.join(harness.need_npm('usb'), 'libusb', 'libusb'))
    check_ours(newest, server)
    check_foreign(newest)


harness.run(main)
