#!/usr/bin/python3
"""8 MiB each way, of every value and at once, are the same at the other end; through COM12."""

import threading

import harness
import wine

COUNT = 8 << 20
BULK = (harness.BULK * (COUNT // len(harness.BULK) + 1))[:COUNT]


def main():
    port = wine.Port('COM12')
    server = wine.Exe('COM12', '0')
    peer = harness.Peer(server.port).agreed()
    got = {}

    def send_to_device():
        peer.sock.sendall(harness.escaped(BULK))

    def send_to_client():
        port.write(BULK, 60)

    def read_of_device():
        got['device'] = port.read(COUNT, 60)
    threads = [threading.Thread(target=f, daemon=True)
               for f in (send_to_device, send_to_client, read_of_device)]
    for thread in threads:
        thread.start()
    harness.same(peer.read(COUNT, 60), BULK, 'device to client')
    for thread in threads:
        thread.join(60)
    harness.same(got.get('device', b''), BULK, 'client to device')


harness.run(main)
