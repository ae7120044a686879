#!/usr/bin/python3
"""`net2usb run` with npm's package usb, a module of Node with a libusb within it: it has the devices, as
the names by which it calls its libusb are those of net2usb's."""

import os
import subprocess

import harness
import net2usb
from harness import check, equal

PROGRAM = '''
const {getDeviceList} = require('usb');
for (const device of getDeviceList()) {
    device.open();
    const index = device.deviceDescriptor.iProduct;
    device.getStringDescriptor(index, (error, text) => {
        console.log(error ? `error ${error}` : text);
        device.close();
    });
}
'''


def main():
    package = harness.need_npm('usb')
    node = harness.need('node')
    alone = subprocess.run([node, '-e', 'require("usb").getDeviceList()'], cwd=os.path.dirname(package),
                           capture_output=True, text=True, timeout=60)
    if 'Error: No native build' in alone.stderr:
        harness.skip('the package usb of npm has no module for this machine')
    server = harness.Com2net('usb:demo-loop', 'usb:demo-ftdi', '0', ports=1)
    done = subprocess.run([net2usb.program(), 'run', f'127.0.0.1:{server.port}', '--', node, '-e', PROGRAM],
                          cwd=os.path.dirname(package), capture_output=True, text=True, timeout=60)
    equal(done.returncode, 0, f'it ends well: {done.stderr}')
    equal(sorted(done.stdout.splitlines()), ['FT232R USB UART', 'USB loopback'], f'the devices: {done.stderr}')
    check('warning' not in done.stderr, done.stderr)


harness.run(main)
