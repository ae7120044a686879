#!/usr/bin/python3
"""`net2usb run` with a program of the C library musl, as Alpine's are: it gets libraries for that."""

import os
import subprocess

import harness
import net2usb
from harness import check, equal


def main():
    compiler = harness.need('musl-gcc')
    folder = os.path.join(os.path.dirname(net2usb.program()), 'lib', 'net2usb', 'musl')
    harness.built(os.path.join(folder, 'libusb-1.0.so.0'))
    program = harness.temp('usbtool')
    subprocess.run([compiler, '-O2', '-o', program, os.path.join(harness.TREE, 'tests/vm/usbtool.c'),
                    '-I/usr/include/libusb-1.0', '-L' + folder, '-l:libusb-1.0.so.0'], check=True)
    server = harness.Com2net('usb:demo-loop', '0', ports=1)
    used = harness.Program([net2usb.program(), 'run', f'127.0.0.1:{server.port}', '--', program, '1209',
                            '0001'])
    equal(used.wait(20), 0, 'it uses the device')
    check('ok: bytes of it' in used.log() and 'FAIL' not in used.log(), used.log())


harness.run(main)
