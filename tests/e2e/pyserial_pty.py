#!/usr/bin/python3
"""pyserial opens a published PTY, which has no modem lines: no error, data both ways."""

import threading

import harness
from harness import equal, eventually


def main():
    serial = harness.need_serial()
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}?timeout=60', baudrate=57600,
                               timeout=30) as port:
        equal(device.settings().speed, 57600, "the PTY's speed")
        port.rts = port.dtr = False
        port.rts = port.dtr = True
        port.send_break(0.02)
        port.baudrate = 250000
        equal(device.settings().speed, 250000, "the PTY's speed after a change")
        port.stopbits = 2
        equal(device.settings().two_stop_bits, True, 'two stop bits on the PTY')
        port.rtscts = True
        eventually(lambda: device.settings().rtscts, 'CRTSCTS on the PTY', 3)
        port.rtscts = False

        writer = threading.Thread(target=device.write, args=(harness.BULK,), daemon=True)
        writer.start()
        harness.same(port.read(len(harness.BULK)), harness.BULK, 'device to pyserial')
        writer.join(5)
        writer = threading.Thread(target=port.write, args=(harness.BULK,), daemon=True)
        writer.start()
        harness.same(device.read(len(harness.BULK), 30), harness.BULK, 'pyserial to device')
        writer.join(5)


harness.run(main)
