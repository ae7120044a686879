#!/usr/bin/python3
"""An observer that does not read does not slow the owner down."""

import threading

import harness


def main():
    device = harness.Device()
    server = harness.Com2net(f'{device.path},observers', '0')
    owner = harness.Peer(server.port).agreed()
    observer = harness.Peer(server.port).agreed()  # and never reads again
    data = harness.BULK * 64
    writer = threading.Thread(target=device.write, args=(data, 60), daemon=True)
    writer.start()
    harness.same(owner.read(len(data), 60), data, 'data of the owner')
    writer.join(5)
    del observer


harness.run(main)
