#!/usr/bin/python3
"""Data, SET-BAUDRATE, data in one segment: all data arrives, in order, and the speed is set."""

import harness
from harness import BAUD, equal, subnegotiation, u32


def main():
    device = harness.Device()
    server = harness.Com2net(device.path, '0')
    peer = harness.Peer(server.port).agreed()
    peer.ask_value(BAUD, 9600)
    peer.send(b'before' + subnegotiation(BAUD, u32(57600)) + b'after' +
              subnegotiation(BAUD, u32(19200)) + b'end')
    equal(device.read(14), b'beforeafterend', 'data at the device')
    peer.until(lambda: sum(code == 101 for code, _ in peer.messages) == 3, 'three answers')
    equal(device.settings().speed, 19200, 'speed at last')


harness.run(main)
