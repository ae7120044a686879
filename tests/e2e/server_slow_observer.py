#!/usr/bin/python3
"""An observer that does not read does not slow the owner down."""

import harness


def main():
    device = harness.Device()
    server = harness.Com2net(f'{device.path},observers', '0')
    owner = harness.Peer(server.port).agreed()
    observer = harness.Peer(server.port).agreed()  # and never reads again
    data = harness.BULK * 64
    harness.same(harness.carry(device, owner, data), data, 'data of the owner')
    del observer


harness.run(main)
