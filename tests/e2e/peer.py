"""Telnet and RFC 2217 by hand."""

import select
import socket
import struct

import clock
from checks import PATIENCE, Failed, eventually, shorten

IAC, DONT, DO, WONT, WILL, SB, GA, AYT, BRK, DM, NOP, SE = (
    255, 254, 253, 252, 251, 250, 249, 246, 243, 242, 241, 240)
BINARY, ECHO, SGA, COMPORT = 0, 1, 3, 44

(SIGNATURE, BAUD, SIZE, PARITY, STOP, CONTROL, LINESTATE, MODEMSTATE, SUSPEND, RESUME,
 LINESTATE_MASK, MODEMSTATE_MASK, PURGE) = range(13)

OFFERS = bytes((IAC, WILL, COMPORT, IAC, WILL, BINARY, IAC, DO, BINARY, IAC, WILL, SGA,
                IAC, DO, SGA, IAC, DO, ECHO))


def escaped(data):
    return bytes(data).replace(b'\xff', b'\xff\xff')


def subnegotiation(code, payload=b''):
    return bytes((IAC, SB, COMPORT, code)) + escaped(payload) + bytes((IAC, SE))


def u32(value):
    return struct.pack('>I', value)


def connect(port, host='127.0.0.1'):
    sock = socket.create_connection((host, port), PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Peer:
    """A Telnet peer made of a socket: data, negotiations and messages are kept apart.

    It answers nothing by itself; as a 2217 client it offers everything at once, as ours does."""

    def __init__(self, port_or_socket, offers=OFFERS, host='127.0.0.1'):
        if isinstance(port_or_socket, int):
            self.sock = connect(port_or_socket, host)
        else:
            self.sock = port_or_socket
        self.data = bytearray()
        self.negotiated = []  # (verb, option)
        self.commands = []    # IAC x
        self.messages = []    # (code, payload)
        self.closed = None    # "end" or "reset"
        self.rest = b''
        if offers:
            self.send(offers)

    def send(self, data):
        self.sock.sendall(data)

    def say(self, code, payload=b''):
        self.send(subnegotiation(code, payload))

    def receive(self, seconds):
        """Takes what comes first within the time; false if nothing came."""
        if self.closed or not select.select([self.sock], [], [], max(0, seconds))[0]:
            return False
        try:
            more = self.sock.recv(65536)
        except ConnectionResetError:
            self.closed = 'reset'
            return False
        if not more:
            self.closed = 'end'
            return False
        self._parse(self.rest + more)
        return True

    def until(self, condition, what, timeout=PATIENCE):
        limit = clock.Limit(timeout)
        while True:
            value = condition()
            if value:
                return value
            if self.closed:
                raise Failed(f'{what}: connection closed ({self.closed})')
            if not limit.left():
                raise Failed(f'{what}: not within {timeout} s; negotiated {self.negotiated}, '
                             f'messages {self.messages}, data {shorten(bytes(self.data))}')
            self.receive(limit.nap())

    def settle(self, seconds=0.3):
        """Takes everything until nothing came for a while."""
        while self.receive(seconds):
            pass

    def agreed(self, timeout=PATIENCE):
        """Waits for the server's consent to COM-PORT."""
        self.until(lambda: (DO, COMPORT) in self.negotiated, 'the server says DO COM-PORT', timeout)
        return self

    def ask(self, code, payload=b'', timeout=PATIENCE):
        """Says a command and returns the payload of its answer."""
        before = len(self.messages)
        self.say(code, payload)

        def look():
            return next(((p,) for c, p in self.messages[before:] if c == code + 100), None)
        return self.until(look, f'the answer to command {code}', timeout)[0]

    def ask_value(self, code, value, timeout=PATIENCE):
        payload = u32(value) if code == BAUD else bytes((value,))
        return int.from_bytes(self.ask(code, payload, timeout), 'big')

    def read(self, count, timeout=PATIENCE):
        self.until(lambda: len(self.data) >= count, f'{count} bytes of data', timeout)
        got, self.data = bytes(self.data[:count]), self.data[count:]
        return got

    def ended(self, timeout=PATIENCE):
        """Waits for the end of the connection."""
        limit = clock.Limit(timeout)
        while not self.closed:
            if not limit.left():
                raise Failed(f'the connection is closed: not within {timeout} s')
            self.receive(limit.nap())
        return self.closed

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends the connection the hard way."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()

    def _parse(self, raw):
        i = 0
        while i < len(raw):
            at = raw.find(IAC, i)
            if at < 0:
                at = len(raw)
            self.data += raw[i:at]
            used = self._command(raw[at:])
            if used == 0:
                self.rest = raw[at:]
                return
            i = at + used
        self.rest = b''

    def _command(self, raw):
        """How many bytes the command at the beginning takes; 0 when it is not complete."""
        if len(raw) < 2:
            return 0
        verb = raw[1]
        if verb == IAC:
            self.data.append(IAC)
            return 2
        if verb in (WILL, WONT, DO, DONT):
            if len(raw) < 3:
                return 0
            self.negotiated.append((verb, raw[2]))
            return 3
        if verb != SB:
            self.commands.append(verb)
            return 2
        i = 2
        while True:
            i = raw.find(IAC, i)
            if i < 0 or i + 1 >= len(raw):
                return 0
            if raw[i + 1] == SE:
                break
            i += 2
        body = raw[2:i].replace(b'\xff\xff', b'\xff')
        if body[:1] == bytes((COMPORT,)) and len(body) > 1:
            self.messages.append((body[1], bytes(body[2:])))
        return i + 2


def next_client(port, patience=PATIENCE, every=0.05, **options):
    """A client that the port serves. One that comes while another has it is told so, and comes again."""
    def served():
        peer = Peer(port, **options)
        try:
            peer.ask_value(BAUD, 0)
            return peer
        except OSError:  # the server has closed
            pass
        except Failed:
            if not peer.closed:
                raise
        peer.close()
        return None
    return eventually(served, 'the next client is served', patience, every)
