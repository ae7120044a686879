#!/usr/bin/python3
"""A driver that does not tell of events, from the beginning or from some time on, has a port all the
same: bytes flow, and changes of its modem lines are seen."""

import harness
import wine
from harness import check, equal

CTS, DSR = 0x10, 0x20


def check_works(port, server, peer, name, bit):
    peer.send(b'out')
    equal(port.read(3), b'out', 'data to the device')
    port.write(b'in')
    equal(peer.read(2), b'in', 'data of the device')

    def last():
        states = [payload[0] for code, payload in peer.messages if code == harness.MODEMSTATE + 100]
        return states[-1] if states else 0
    port.set_inputs(**{name: True})
    peer.until(lambda: last() & bit, f'{name} is told')
    port.set_inputs(**{name: False})
    peer.until(lambda: not last() & bit, f'the end of {name} is told')
    check('has gone' not in server.log(), 'the device is there')


def main():
    port = wine.Port(lines=True)
    server = wine.Exe('COM3', '0', lines=True)
    peer = harness.Peer(server.port).agreed()
    check_works(port, server, peer, 'cts', CTS)
    port.set('no_watch', 1)
    check_works(port, server, peer, 'cts', CTS)
    check_works(port, server, peer, 'dsr', DSR)
    port.set('no_watch', 0)
    check_works(port, server, peer, 'dsr', DSR)
    peer.close()
    server.says('COM3: closed')

    port.set('no_watch', 1)
    peer = harness.Peer(server.port).agreed()
    check_works(port, server, peer, 'cts', CTS)
    port.unplug()
    server.says('the device has gone')


harness.run(main)
