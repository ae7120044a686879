#!/usr/bin/python3
"""Modem lines, both ways, break, and what the end of a client does to them."""

import harness
import wine
from harness import equal, eventually

CTS, DSR, RI, CD = 0x10, 0x20, 0x40, 0x80


def main():
    port = wine.Port(lines=True)
    server = wine.Exe('COM3', '0', lines=True)
    peer = harness.Peer(server.port).agreed()

    def states():
        return [payload[0] for code, payload in peer.messages if code == harness.MODEMSTATE + 100]
    peer.until(states, 'the first state')
    equal(states()[-1] & 0xf0, 0, 'inputs')
    equal(port.outputs, 'DTR RTS', 'opening raises both')
    for value, outputs in (9, 'RTS'), (12, ''), (8, 'DTR '), (11, 'DTR RTS'):
        equal(peer.ask_value(harness.CONTROL, value), value, f'control {value}')
        equal(port.outputs, outputs, f'lines after control {value}')
    for name, bit in ('cts', CTS), ('dsr', DSR), ('cd', CD), ('ri', RI):
        port.set_inputs(**{name: True})
        peer.until(lambda: states()[-1] & bit, f'{name} is told')
        port.set_inputs(**{name: False})
        peer.until(lambda: not states()[-1] & bit, f'the end of {name} is told')
        equal(states()[-1] & 0x0f, {CTS: 1, DSR: 2, RI: 4, CD: 8}[bit], f'the delta of {name}')

    equal(peer.ask_value(harness.CONTROL, 5), 5, 'break on')
    equal(port.get('broken'), 1, 'break')
    equal(peer.ask_value(harness.CONTROL, 6), 6, 'break off')
    equal(port.get('broken'), 0, 'break')

    equal(peer.ask_value(harness.CONTROL, 5), 5, 'break on')
    peer.close()
    server.says('COM3: closed')
    equal((port.get('broken'), port.outputs), (0, ''), 'break and lines after the last client')

    # hupcl=off: a client's end moves nothing
    server.stop()
    server = wine.Exe('COM3,hupcl=off,dtr=off', '0', lines=True)
    peer = harness.Peer(server.port).agreed()
    eventually(lambda: port.outputs == 'RTS', 'dtr=off')
    peer.close()
    server.says('COM3: closed')
    equal(port.outputs, 'RTS', 'lines after the last client')


harness.run(main)
