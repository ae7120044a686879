#!/usr/bin/python3
"""Within one session: malformed commands are answered, and what follows them is understood."""

import harness
from harness import BAUD, CONTROL, SIZE, equal, subnegotiation


def main():
    server = harness.Com2net('loop:', '0')
    peer = harness.Peer(server.port).agreed()
    equal(peer.ask_value(BAUD, 19200), 19200, 'a proper speed')
    # payloads of the wrong size: the value in force
    equal(peer.ask(BAUD, b'\x00\x00\x25\x80\x00')[-4:], harness.u32(19200), 'a speed of five bytes')
    equal(peer.ask(SIZE, b'')[-1:], b'\x08', 'a size of no byte')
    equal(peer.ask(SIZE, b'\x07\x07')[-1:], b'\x08', 'a size of two bytes')
    # an oversize subnegotiation is swallowed whole
    peer.send(subnegotiation(0, b'A' * 40000) + b'data')
    equal(peer.read(4), b'data', 'what follows an oversize one')
    peer.settle(0.2)
    equal(bytes(peer.data), b'', 'what else came back')
    # byte by byte
    for byte in subnegotiation(BAUD, b'\x00\x00\xff\xff') + b'\xff\xff' + b'z':
        peer.send(bytes((byte,)))
    equal(peer.read(2), b'\xffz', 'data sent byte by byte')
    equal(peer.ask_value(BAUD, 0), 0xFFFF, 'the speed sent byte by byte')
    # many commands in one segment are all answered, in order
    peer.messages.clear()
    peer.send(b''.join(subnegotiation(CONTROL, bytes((8 + i % 2,))) for i in range(100)))
    peer.until(lambda: len([c for c, _ in peer.messages if c == 105]) == 100, '100 answers')
    got = [payload[0] for code, payload in peer.messages if code == 105]
    equal(got, [8 + i % 2 for i in range(100)], 'answers')


harness.run(main)
