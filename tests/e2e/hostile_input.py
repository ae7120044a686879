#!/usr/bin/python3
"""Whatever bytes a client sends, com2net lives, and the next client is served."""

import harness
from harness import (AYT, BAUD, BRK, COMPORT, CONTROL, DM, DO, DONT, GA, IAC, NOP, SB, SE, WILL, WONT,
                     Peer, equal, subnegotiation, u32)

START = bytes((IAC, SB))
END = bytes((IAC, SE))


def storm(verbs):
    return b''.join(bytes((IAC, verb, option)) for option in range(256) for verb in verbs) * 20


INPUTS = {
    'subnegotiation of 10 kB': START + bytes((COMPORT, 0)) + b'A' * 10240 + END + b'x',
    'subnegotiation of 10 kB of another option': START + bytes((24, 0)) + b'A' * 10240 + END + b'x',
    'subnegotiation of 1 MB': START + bytes((COMPORT, 0)) + b'A' * (1 << 20) + END + b'x',
    'subnegotiation never closed': START + bytes((COMPORT, BAUD, 0, 0)),
    'subnegotiation in a subnegotiation': START + bytes((COMPORT, BAUD)) + START +
        bytes((COMPORT, BAUD)) + u32(9600) + END + b'x',
    'subnegotiation closed by another command': START + bytes((COMPORT, BAUD, 0, 0, 0x25, IAC, NOP)) + b'x',
    'empty subnegotiation': START + END + b'x',
    'subnegotiation without a command': START + bytes((COMPORT,)) + END + b'x',
    'unknown option in a cut subnegotiation': bytes((IAC, SB, 0x55, IAC, WILL)),
    'COMPRESS2': bytes((IAC, SB, 86, IAC, SE)) + bytes(range(256)) * 64,
    'IAC at the end': b'abc' + bytes((IAC,)),
    'IAC WILL at the end': b'abc' + bytes((IAC, WILL)),
    'runs of 0xFF': b'\xff' * 65536,
    'odd run of 0xFF': b'\xff' * 65537 + b'x',
    'speed of one byte': subnegotiation(BAUD, b'\xff') + subnegotiation(BAUD, b'\x00'),
    'speed of five bytes': subnegotiation(BAUD, b'\x00\x00\x25\x80\x00'),
    'speed of no byte': subnegotiation(BAUD),
    'speed of two bytes': subnegotiation(BAUD, b'\x25\x80'),
    'speeds at the limits': subnegotiation(BAUD, u32(1)) + subnegotiation(BAUD, u32(0xFFFFFFFF)),
    'every command without payload': b''.join(subnegotiation(code) for code in range(256)),
    'every command and value': b''.join(subnegotiation(code, bytes((value,)))
                                        for code in range(16) for value in range(256)),
    'SE alone': END * 100 + b'x',
    'every command': b''.join(bytes((IAC, verb)) for verb in range(236, 250)) + b'x',
    'WILL and WONT': storm((WILL, WONT)),
    'DO and DONT': storm((DO, DONT)),
    'WILL, DO and refusals of COM-PORT': bytes((IAC, WONT, COMPORT, IAC, DONT, COMPORT,
                                               IAC, WILL, COMPORT, IAC, DO, COMPORT)) * 500,
    'a hundred SET-CONTROL': b''.join(subnegotiation(CONTROL, bytes((8 + i % 2,))) for i in range(100)),
    'AYT, BRK, DM, GA': bytes((IAC, AYT, IAC, BRK, IAC, DM, IAC, GA)) * 1000,
    'signatures asked for, never read': subnegotiation(0) * 20000,
    'suspended for ever': subnegotiation(8) * 10 + b'x' * 5000,
}


def works(server):
    """A well-behaved client is served; none is before the hostile one is gone."""
    peer = harness.next_client(server.port)
    equal(peer.ask_value(BAUD, 57600), 57600, 'speed of the next client')
    peer.ask_value(CONTROL, 1)
    peer.send(b'in order \xff\xff')
    equal(peer.read(10)[-1:], b'\xff', 'data of the next client')
    peer.close()


def shout(peer, data):
    """Sends without reading; what the server does not take in two seconds is kept back."""
    peer.sock.settimeout(2)
    try:
        peer.sock.sendall(data)
    except OSError:
        pass


def main():
    server = harness.Com2net('loop:', '0')
    for agreed in True, False:
        for name, data in INPUTS.items():
            try:
                peer = Peer(server.port, offers=harness.OFFERS if agreed else None)
                if agreed:
                    peer.agreed()
                shout(peer, data)
                peer.settle(0.05)
                peer.close()
                works(server)
                harness.check(server.running(), 'com2net lives')
            except (harness.Failed, OSError) as failed:
                raise harness.Failed(f'{name} ({"agreed" if agreed else "first bytes"}): {failed}') from None


harness.run(main)
