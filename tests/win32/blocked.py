#!/usr/bin/python3
"""A driver that does not return from a call stops its own port, in order, and no other one."""

import time

import harness
import wine
from harness import check, equal, eventually

ROUND_TRIPS = 200
BREAK_ON, DTR_OFF, PURGE_RX = 5, 9, 1


def exchange(port, client, times):
    """Round trips of a port: how long the worst one has taken, in milliseconds."""
    worst = 0
    for i in range(times):
        begun = time.monotonic()
        word = b'%05d' % i
        client.sendall(word)
        equal(harness.read_exactly(port.fd, len(word), 60, 'device'), word, 'data to the other port')
        port.write(word)
        equal(harness.read_exactly(client.fileno(), len(word), 60, 'client'), word, 'data of it')
        worst = max(worst, time.monotonic() - begun)
    return round(worst * 1000, 1)


def main():
    port, other = wine.Port('COM3', lines=True), wine.Port('COM4', lines=True)
    server = wine.Exe('COM3', '0', 'COM4,mode=raw', '0', lines=True)
    beside = harness.connect(server.ports[1])
    print(f'worst round trip of the other port: {exchange(other, beside, ROUND_TRIPS)} ms')

    peer = harness.Peer(server.port).agreed()
    for what, code, value in (('settings', harness.BAUD, 19200), ('lines', harness.CONTROL, DTR_OFF),
                              ('break', harness.CONTROL, BREAK_ON), ('purge', harness.PURGE, PURGE_RX)):
        said = len(peer.messages)
        port.set('hangs', 1)
        peer.say(code, harness.u32(value) if code == harness.BAUD else bytes((value,)))
        peer.send(b'after')
        eventually(lambda: port.get('waits') > 0, f'the driver hangs: {what}')
        worst = exchange(other, beside, ROUND_TRIPS)
        print(f'the same while another driver hangs, {what}: {worst} ms')
        equal(port.quiet(0.1), b'', 'data after the command')
        equal(len(peer.messages), said, 'answers')
        port.set('hangs', 0)
        peer.until(lambda: any(m[0] == code + 100 for m in peer.messages[said:]), 'the answer')
        equal(port.read(5), b'after', 'data after the command, then')

    # what is put back at the end hangs, too; the next client waits for that
    port.set('hangs', 1)
    peer.close()
    eventually(lambda: port.get('waits') > 0, 'the driver hangs: closing')
    print(f'the same, closing: {exchange(other, beside, ROUND_TRIPS)} ms')
    check('COM3: closed' not in server.log(), 'it is not closed yet')
    peer = harness.Peer(server.port)
    exchange(other, beside, ROUND_TRIPS)
    server.says('the driver takes long to')
    port.set('hangs', 0)
    peer.agreed()
    eventually(lambda: port.outputs == 'DTR RTS', 'lines of the next client')


harness.run(main)
