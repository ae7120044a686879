"""A USB/IP client by hand, for tests of the server: one connection, records as the kernel's client
sends them."""

import socket
import struct

from harness import Failed, check

VERSION = 0x0111
OUT, IN = 0, 1
SHORT_NOT_OK, ZERO_PACKET = 0x1, 0x40


class Client:
    def __init__(self, port, timeout=60, host='127.0.0.1'):
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seqnum = 0
        self.devid = None
        self.directions = {}

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, count):
        got = bytearray()
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            if not more:
                raise EOFError(f'the server closed after {len(got)} of {count} bytes')
            got += more
        return bytes(got)

    def closed(self):
        """Whether the server closes, without another byte."""
        try:
            return self.socket.recv(1) == b''
        except ConnectionResetError:
            return True

    # --- first phase

    def list(self):
        self.send(struct.pack('>HHI', VERSION, 0x8005, 0))
        version, code, status, count = struct.unpack('>HHII', self.receive(12))
        check((version, code, status) == (VERSION, 5, 0), 'the list is a list')
        return [self.record(interfaces=True) for _ in range(count)]

    def record(self, interfaces=False):
        data = self.receive(312)
        fields = struct.unpack('>IIIHHHBBBBBB', data[288:])
        names = ('busnum', 'devnum', 'speed', 'vendor', 'product', 'release', 'class', 'subclass',
                 'protocol', 'configuration', 'configurations', 'interfaces')
        record = dict(zip(names, fields))
        record['path'] = data[:256].rstrip(b'\0').decode()
        record['busid'] = data[256:288].rstrip(b'\0').decode()
        if interfaces:
            record['classes'] = [self.receive(4)[:3] for _ in range(record['interfaces'])]
        return record

    def import_device(self, busid):
        """The status, or the record."""
        self.send(struct.pack('>HHI32s', VERSION, 0x8003, 0, busid.encode()))
        version, code, status = struct.unpack('>HHI', self.receive(8))
        check((version, code) == (VERSION, 3), 'the answer is that of an import')
        if status:
            return status
        record = self.record()
        self.devid = record['busnum'] << 16 | record['devnum']
        return record

    # --- second phase

    def submit(self, ep, direction, data=b'', length=None, setup=bytes(8), flags=0, packets=None,
               seqnum=None, devid=None):
        """Sends a CMD_SUBMIT; its number. `packets`: (offset, length) of isochronous ones."""
        if seqnum is None:
            self.seqnum += 1
            seqnum = self.seqnum
        length = len(data) if length is None else length
        self.directions[seqnum] = direction
        head = struct.pack('>IIIII', 1, seqnum, self.devid if devid is None else devid, direction, ep)
        head += struct.pack('>Iiiii8s', flags, length, 0, len(packets) if packets else 0, 0, setup)
        tail = b''.join(struct.pack('>IIIi', offset, size, 0, 0) for offset, size in packets or ())
        self.send(head + (data if direction == OUT else b'') + tail)
        return seqnum

    def unlink(self, victim):
        self.seqnum += 1
        self.send(struct.pack('>IIIIII24x', 2, self.seqnum, self.devid, 0, 0, victim))
        return self.seqnum

    def reply(self):
        """The next one: ('submit', seqnum, status, data, actual, packets) or ('unlink', seqnum,
        status)."""
        head = self.receive(48)
        command, seqnum, _, _, _, status = struct.unpack('>IIIIIi', head[:24])
        if command == 4:
            return 'unlink', seqnum, status
        if command != 3:
            raise Failed(f'a reply of kind {command}')
        actual, _, count, errors = struct.unpack('>iiii', head[24:40])
        data = self.receive(actual) if self.directions[seqnum] == IN else b''
        packets = [struct.unpack('>IIIi', self.receive(16)) for _ in range(max(count, 0))]
        return 'submit', seqnum, status, data, actual, packets

    def do(self, *args, **kwargs):
        """Submits, and waits for the reply: (status, data or bytes sent)."""
        seqnum = self.submit(*args, **kwargs)
        kind, number, status, data, actual, _ = self.reply()
        check((kind, number) == ('submit', seqnum), 'the reply is to the URB')
        return status, data if self.directions[seqnum] == IN else actual

    def control(self, request_type, request, value, index, data_or_length=0):
        out = not request_type & 0x80
        data = data_or_length if out and data_or_length else b''
        length = len(data) if out else data_or_length
        setup = struct.pack('<BBHHH', request_type, request, value, index, length)
        return self.do(0, OUT if out else IN, data=data, length=length, setup=setup)

    def descriptor(self, kind, index=0, length=255):
        return self.control(0x80, 6, kind << 8 | index, 0x0409 if kind == 3 else 0, length)
