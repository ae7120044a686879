#!/usr/bin/python3
"""Static net2usb gives this machine's programs, of glibc and of musl, com2net's devices: iceprog reads the
flash ID of an iCEstick that a static com2net has made."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))

import harness  # noqa: E402
import net2usb  # noqa: E402
from harness import check  # noqa: E402


def main():
    iceprog = harness.need('iceprog')
    server = harness.Com2net('usb:demo-icestick', '0', ports=1)
    done = subprocess.run([net2usb.program(), 'run', f'127.0.0.1:{server.port}', '--', iceprog, '-t'],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60)
    check(done.returncode == 0 and 'flash ID: 0x' in done.stdout, f'iceprog: {done.stdout}')


harness.run(main)
