#!/usr/bin/python3
"""pyserial opens a link as it opens a real port; its settings reach the remote device."""

import threading

import harness
from harness import equal, eventually


def main():
    serial = harness.need_serial()
    device, _, client = harness.bridge()
    with serial.Serial(client.link, 57600, timeout=20) as port:
        eventually(lambda: device.settings().speed == 57600, 'speed at open', 5)
        for baud in 9600, 31250, 250000, 1500000:
            port.baudrate = baud
            eventually(lambda: device.settings().speed == baud, f'speed {baud}', 5)
        for stop in 2, 1:
            port.stopbits = stop
            eventually(lambda: device.settings().two_stop_bits == (stop == 2), f'{stop} stop bits', 5)
        for flow in True, False:
            port.rtscts = flow
            eventually(lambda: device.settings().rtscts == flow, f'rtscts {flow}', 5)
        for flow in True, False:
            port.xonxoff = flow
            eventually(lambda: device.settings().xonxoff == flow, f'xonxoff {flow}', 5)

        # flushed input is gone, and nothing behind it
        device.write(b'old')
        eventually(lambda: port.in_waiting == 3, 'three bytes wait')
        port.reset_input_buffer()
        equal(port.in_waiting, 0, 'waiting after the flush')
        port.reset_output_buffer()
        harness.time.sleep(0.3)
        port.write(b'ping')
        equal(device.read(4), b'ping', 'data after the flush')
        device.write(b'pong')
        equal(port.read(4), b'pong', 'data after the flush')

        writer = threading.Thread(target=port.write, args=(harness.BULK,), daemon=True)
        writer.start()
        harness.same(device.read(len(harness.BULK), 20), harness.BULK, 'pyserial to device')
        writer.join(5)
        writer = threading.Thread(target=device.write, args=(harness.BULK,), daemon=True)
        writer.start()
        harness.same(port.read(len(harness.BULK)), harness.BULK, 'device to pyserial')


harness.run(main)
