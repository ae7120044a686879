#!/usr/bin/python3
"""A connection that became raw by silence is still upgraded when IAC WILL is what it first sends."""

import harness


def main():
    server = harness.Com2net('loop:', '0')
    peer = harness.Peer(server.port, offers=None)
    server.says('speaks raw')
    peer.send(harness.OFFERS)
    peer.agreed()
    harness.equal(peer.ask_value(harness.BAUD, 57600), 57600, 'speed')
    peer.send(b'a\xff\xffb')
    harness.equal(peer.read(3), b'a\xffb', 'data')


harness.run(main)
