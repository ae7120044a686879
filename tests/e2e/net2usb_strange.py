#!/usr/bin/python3
"""What programs seldom do to libusb-1.0, or should not, with net2usb's: usb_strange.c, in which memory
that is freed has other contents at once."""

import os
import subprocess

import harness
import net2usb_returns as returns
from harness import equal


def main():
    harness.built(returns.LIBRARY)
    program = harness.temp('usb_strange')
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'usb_strange.c')
    subprocess.run([harness.need('cc'), '-o', program, source, '-I/usr/include/libusb-1.0',
                    returns.LIBRARY], check=True)
    server = harness.Com2net('usb:demo-loop', '0', ports=1)
    strange = harness.Program([program], env=dict(
        os.environ, NET2USB_SERVER=f'127.0.0.1:{server.port}', MALLOC_PERTURB_='165',
        LD_LIBRARY_PATH=os.path.dirname(returns.LIBRARY)))
    equal(strange.wait(30), 0, f'all is well: {strange.log()}')


harness.run(main)
