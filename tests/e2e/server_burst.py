#!/usr/bin/python3
"""A burst of connections that com2net finds at once takes no descriptor that a device needs: who loses a
place for a later one has lost its socket, too."""

import resource
import signal
import socket

import harness
from harness import equal

LIMIT = 64


def main():
    device = harness.Device()
    ports = [harness.free_port() for _ in range(2)]
    server = harness.Com2net('loop:', str(ports[0]), device.path, str(ports[1]), ports=2,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT)))
    server.process.send_signal(signal.SIGSTOP)
    burst = [socket.create_connection(('127.0.0.1', ports[0])) for _ in range(2 * LIMIT)]
    peer = harness.Peer(ports[1])
    peer.send(b'through')
    server.process.send_signal(signal.SIGCONT)
    equal(device.read(7), b'through', 'data at the device')
    peer.close()
    for connection in burst:
        connection.close()
    server.stop()
    equal('cannot accept' in server.log(), False, 'whether it had no descriptor: ' + server.log())


harness.run(main)
