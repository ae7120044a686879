#!/usr/bin/python3
"""One stranger with a thousand connections, at a limit of 64 and of 1024 descriptors, starves nobody."""

import resource
import struct
import subprocess
import sys

import harness
import usbip
from harness import equal

KEPT_LIST = struct.pack('>HHII', 0x0111, 0x8c01, 0, 1)


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2048), hard))  # of a flood
    for limit in 64, 1024:
        floods_starve_nobody(limit)


FLOOD = """
import socket, sys
port, count, say = int(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
socks = []
for _ in range(count):
    socks.append(socket.create_connection(('127.0.0.1', port), timeout=60))
    try:
        socks[-1].sendall(say)
    except OSError:  # closed already
        pass
print('there', flush=True)
sys.stdin.read()
"""


class Flood(harness.Program):
    """Connections that stay, though com2net may close some."""

    def __init__(self, port, count, say=b''):
        super().__init__([sys.executable, '-c', FLOOD, port, count, say.hex()], stdin=subprocess.PIPE)
        self.says('there')

    def end(self):
        self.process.stdin.close()
        self.wait()


def floods_starve_nobody(limit):
    device, watched = harness.Device(), harness.Device()
    ports = [harness.free_port() for _ in range(3)]
    server = harness.Com2net(device.path, str(ports[0]), watched.path + ',observers', str(ports[1]),
                             'usb:demo-loop', str(ports[2]), ports=3,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
    floods = [Flood(ports[2], limit, KEPT_LIST),  # watch the list
              Flood(ports[2], limit),             # say nothing
              Flood(ports[1], limit, b'x'),       # an owner, and observers
              Flood(ports[0], limit)]             # are raw, by and by
    equal(len(usbip.Client(ports[2]).list()), 1, f'devices in the list, with {limit} descriptors')
    client = usbip.Client(ports[2])
    client.import_device('250-1')
    client.close()
    floods[3].end()
    peer = harness.next_client(ports[0])
    peer.send(b'through')
    equal(device.read(7), b'through', 'data at the device')
    peer.close()
    for flood in floods[:3]:
        flood.end()
    peer = harness.next_client(ports[1])
    peer.close()
    server.stop()


harness.run(main)
