#!/usr/bin/python3
"""A program forks while another thread of its asks a server, which is given by a name: usb_forks.c."""

import os
import subprocess

import harness
import net2usb_returns as returns
from harness import equal

FORKS = 300


def main():
    harness.built(returns.LIBRARY)
    program = harness.temp('usb_forks')
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'usb_forks.c')
    subprocess.run([harness.need('cc'), '-o', program, source, '-I/usr/include/libusb-1.0', '-pthread',
                    '-rdynamic', returns.LIBRARY], check=True)
    server = harness.Com2net('usb:demo-loop', '0', ports=1)
    run = harness.Program([program, FORKS], env=dict(
        os.environ, NET2USB_SERVER=f'server.example:{server.port}',
        LD_LIBRARY_PATH=os.path.dirname(returns.LIBRARY)))
    equal(run.wait(120), 0, f'all is well: {run.log()}')


harness.run(main)
