#!/usr/bin/python3
"""A device that vanishes, idle and in the middle of a transfer, is noticed, waited for, opened anew;
the other port goes on."""

import threading

import harness
import wine
from harness import equal


def main():
    port, other = wine.Port('COM3'), wine.Port('COM4')
    server = wine.Exe('COM3,hotplug', '0', 'COM4', '0')
    peer, beside = harness.Peer(server.ports[0]).agreed(), harness.Peer(server.ports[1]).agreed()
    equal(peer.ask_value(harness.BAUD, 57600), 57600, 'speed')

    port.unplug()
    server.says('COM3: the device has gone')
    port = wine.Port('COM3')
    server.says('COM3: back, 57600 8N1')
    peer.send(b'again')
    equal(port.read(5), b'again', 'data to the device that is back')
    port.write(b'here')
    equal(peer.read(4), b'here', 'data of the device that is back')

    # while megabytes go both ways
    def send(sock, data):
        try:
            sock.sendall(data)
        except OSError:
            pass
    threading.Thread(target=send, args=(peer.sock, bytes(4 << 20)), daemon=True).start()
    port.read(1 << 20)
    got = len(server.log())
    port.unplug()
    harness.eventually(lambda: 'COM3: the device has gone' in server.log()[got:], 'it is noticed')
    beside.send(b'still')
    equal(other.read(5), b'still', 'data of the other port')
    other.write(b'there')
    equal(beside.read(5), b'there', 'data of the other port')
    got = len(server.log())
    port = wine.Port('COM3')
    harness.eventually(lambda: 'COM3: back' in server.log()[got:], 'it is back')
    port.read(1 << 20, 30)


harness.run(main)
