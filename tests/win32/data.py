#!/usr/bin/python3
"""8 MiB each way, of every value and at once, are the same at the other end; through COM12."""

import threading

import harness
import wine

COUNT = 8 << 20
WAIT = 140  # at most, each; beside busy neighbours it may take a minute
BULK = (harness.BULK * (COUNT // len(harness.BULK) + 1))[:COUNT]


def main():
    port = wine.Port('COM12')
    server = wine.Exe('COM12', '0')
    peer = harness.Peer(server.port).agreed()
    got = {}

    def send_to_device():
        peer.sock.settimeout(WAIT)
        peer.sock.sendall(harness.escaped(BULK))

    def send_to_client():
        port.write(BULK, WAIT)

    def read_of_device():
        got['device'] = port.read(COUNT, WAIT)
    threads = [threading.Thread(target=f, daemon=True)
               for f in (send_to_device, send_to_client, read_of_device)]
    for thread in threads:
        thread.start()
    harness.same(peer.read(COUNT, WAIT), BULK, 'device to client')
    for thread in threads:
        thread.join(WAIT)
    harness.same(got.get('device', b''), BULK, 'client to device')


harness.run(main)
