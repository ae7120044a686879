"""A port of com2net that sends back what it gets, and somebody who sees what becomes of it."""

import re

from checks import temp
from peer import BAUD, CONTROL, MODEMSTATE, PARITY, SIZE, STOP, Peer
from programs import Com2net


class FarPort:
    """A loop: port of com2net, and from watch() on somebody who sees what becomes of it."""

    def __init__(self, listen='127.0.0.1:0', options=''):
        self.server = Com2net('-v', f'loop:,observers{options}', listen)
        self.port = self.server.port
        self.watcher = None

    def watch(self):
        """Only one who comes after net2pty is an observer."""
        self.server.says('speaks RFC 2217')
        self.watcher = Peer(self.port).agreed()
        self.watcher.settle(0.1)
        self.watcher.messages.clear()

    def run(self, place, link, *command, **options):
        """Has net2pty run the command at a place, watched from its beginning to its end; its log."""
        gate = temp(f'gate-{place.name}-{self.port}')
        program = place.start([link, place.at(self.port), '--', 'sh', '-c',
                               'echo waiting; until [ -e "$0" ]; do sleep 0.01; done; exec "$@"',
                               gate, *command])
        program.says('^waiting')
        self.watch()
        open(gate, 'w').close()
        place.ended(program, **options)
        self.server.says('disconnected: ')
        return program.log()

    def settings(self):
        """Such as 57600 7E2."""
        baud, size, parity, stop = (self.watcher.ask_value(code, 0)
                                    for code in (BAUD, SIZE, PARITY, STOP))
        return f'{baud} {size}{"?NOEMS"[parity]}{stop}'

    def lines(self):
        """Such as DTR RTS."""
        return ' '.join(name for name, ask, on in (('DTR', 7, 8), ('RTS', 10, 11))
                        if self.watcher.ask_value(CONTROL, ask) == on)

    def changes(self):
        """The states that the lines went through, as above: the loop has RTS at CTS, DTR at DSR."""
        self.watcher.ask_value(BAUD, 0)  # what came before it is here now
        return [' '.join(name for name, bit in (('DTR', 32), ('RTS', 16)) if payload[0] & bit)
                for code, payload in self.watcher.messages if code == 100 + MODEMSTATE]

    def breaks(self):
        """How many the loop has brought back; observers are not told of them."""
        return len(re.findall('< NOTIFY-LINESTATE .*break', self.server.log()))
