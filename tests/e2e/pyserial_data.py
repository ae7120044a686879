#!/usr/bin/python3
"""256 KiB of all byte values go out and come back between pyserial and com2net's loop."""

import threading

import harness


def main():
    serial = harness.need_serial()
    server = harness.Com2net('loop:', '0')
    with serial.serial_for_url(f'rfc2217://127.0.0.1:{server.port}?timeout=60', timeout=30) as port:
        writer = threading.Thread(target=port.write, args=(harness.BULK,), daemon=True)
        writer.start()
        harness.same(port.read(len(harness.BULK)), harness.BULK, 'what came back')
        writer.join(5)


harness.run(main)
