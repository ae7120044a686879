#!/usr/bin/python3
"""Two contexts of one process use two interfaces of one device, as hidapi and the program that uses it
do: usb_contexts.c, with com2net and with a server that is not."""

import os
import struct
import subprocess

import harness
import net2usb_returns as returns
import usb_foreign
from harness import equal
from usb_foreign import BULK


class Foreign(usb_foreign.Server):
    """IN transfers wait."""

    def answer(self, urb):
        return b'' if urb.endpoint & 0x80 and urb.endpoint & 15 else super().answer(urb)


def two_interfaces():
    server = Foreign()
    endpoint = [struct.pack('<BBBBHB', 7, 5, address, BULK, 512, 0) for address in (0x81, 0x01, 0x02)]
    rest = (bytes((9, 4, 0, 0, 2, 255, 0, 0, 0)) + endpoint[0] + endpoint[1]
            + bytes((9, 4, 1, 0, 1, 255, 0, 0, 0)) + endpoint[2])
    server.descriptors[2] = struct.pack('<BBHBBBBB', 9, 2, 9 + len(rest), 2, 1, 0, 0x80, 50) + rest
    return server


def main():
    harness.built(returns.LIBRARY)
    program = harness.temp('usb_contexts')
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'usb_contexts.c')
    subprocess.run([harness.need('cc'), '-o', program, source, '-I/usr/include/libusb-1.0', '-pthread',
                    returns.LIBRARY], check=True)
    ours = harness.Com2net('usb:demo-icestick', '0', ports=1)
    foreign = two_interfaces()
    for what, port, words in (('com2net', ours.port, ('0403', '6010', '02', '81', '04')),
                              ('another server', foreign.port, ('1209', '0001', '01', '81', '02'))):
        run = harness.Program([program, *words], env=dict(
            os.environ, NET2USB_SERVER=f'127.0.0.1:{port}', MALLOC_PERTURB_='165',
            LD_LIBRARY_PATH=os.path.dirname(returns.LIBRARY)))
        equal(run.wait(60), 0, f'all is well with {what}: {run.log()}')
    equal(foreign.imports, 2, 'imports, of two times that somebody had it')


harness.run(main)
