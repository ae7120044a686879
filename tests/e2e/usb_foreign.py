"""A USB/IP server by hand that is not com2net, with one device that a script describes. It behaves as
the kernel's does: who has the device is told of, and others do not see it meanwhile. Scripts
override what it answers."""

import collections
import socket
import struct
import threading

ISOCHRONOUS, BULK, INTERRUPT = 1, 2, 3
LOW, FULL, HIGH, WIRELESS, SUPER, SUPER_PLUS = range(1, 7)
EPIPE, ECONNRESET = -32, -104
BUSY, NO_DEVICE = 2, 4

Urb = collections.namedtuple('Urb', 'seqnum out endpoint length packets interval setup data')


def record(busid='1-1', vendor=0x1209, product=1, speed=HIGH, interfaces=1, devnum=2):
    return struct.pack('>256s32sIIIHHHBBBBBB', b'/sys/devices/' + busid.encode(), busid.encode(), 1,
                       devnum, speed & 0xffffffff, vendor, product, 0x100, 0xff, 0xff, 0xff, 1, 1,
                       interfaces)


def listing(*records):
    return (struct.pack('>HHII', 0x111, 5, 0, len(records))
            + b''.join(r + b'\xff\xff\xff\0' * r[-1] for r in records))


class Server:
    """`endpoints`: (address, type, packet, bInterval) of interface 0."""

    def __init__(self, endpoints=((0x81, BULK, 512, 0), (0x02, BULK, 512, 0)), vendor=0x1209, product=1,
                 speed=HIGH, host='127.0.0.1'):
        self.record = record(vendor=vendor, product=product, speed=speed)
        self.descriptors = {
            1: struct.pack('<BBHBBBBHHHBBBB', 18, 1, 0x200, 0xff, 0xff, 0xff, 64, vendor, product, 0x100,
                           0, 0, 0, 1),
            2: struct.pack('<BBHBBBBB', 9, 2, 18 + 7 * len(endpoints), 1, 1, 0, 0x80, 50)
            + bytes((9, 4, 0, 0, len(endpoints), 0xff, 0xff, 0xff, 0))
            + b''.join(struct.pack('<BBBBHB', 7, 5, *e) for e in endpoints)}
        self.strings = {}                    # by index: bytes of UTF-16, or of the languages
        self.imports, self.importers = 0, 0  # all, and those that have it now
        self.urbs = []                       # all that came
        self.sending = threading.Lock()
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    # --- to be overridden: bytes to be sent, b'' for none

    def answer(self, urb):
        """To a URB that is not a usual request of endpoint 0."""
        return self.done(urb)

    def answer_unlink(self, seqnum, urb):
        """To an unlink, whose number that is, of this URB."""
        return self.unlinked(seqnum, ECONNRESET)

    # --- what it says

    @staticmethod
    def done(urb, status=0, data=b'', actual=None):
        if actual is None:
            actual = len(data) if not urb.out else urb.length if status == 0 else 0
        packets = b''.join(struct.pack('>IIII', 0, 0, 0, 0) for _ in range(urb.packets))
        return struct.pack('>IIIIIiiiii8x', 3, urb.seqnum, 0, 0, 0, status, actual, 0, urb.packets, 0) \
            + data + packets

    @staticmethod
    def unlinked(seqnum, status):
        return struct.pack('>IIIIIi24x', 4, seqnum, 0, 0, 0, status)

    # --- connections

    def _run(self):
        while True:
            connection = self.listener.accept()[0]
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            code = struct.unpack('>HHI', self._receive(connection, 8))[1]
            if code == 0x8005:
                connection.sendall(listing(*([] if self.importers else [self.record])))
            elif code == 0x8003:
                self._receive(connection, 32)
                self._import(connection)
        except (EOFError, OSError):
            pass
        finally:
            connection.close()

    def _import(self, connection):
        if self.importers:
            connection.sendall(struct.pack('>HHI', 0x111, 3, BUSY))
            return
        self.imports += 1
        self.importers += 1
        try:
            connection.sendall(struct.pack('>HHI', 0x111, 3, 0) + self.record)
            while True:
                self._urb(connection)
        finally:
            self.importers -= 1

    def _urb(self, connection):
        head = self._receive(connection, 48)
        command, seqnum, _, is_in, number, rest = struct.unpack('>IIIIII', head[:24])
        if command == 2:
            urb = next((u for u in self.urbs if u.seqnum == rest), None)
            connection.sendall(self.answer_unlink(seqnum, urb))
            return
        length, _, packets, interval = struct.unpack('>iiii', head[24:40])
        data = b'' if is_in else self._receive(connection, length)
        packets = max(packets, 0) if packets != 0xffffffff else 0
        self._receive(connection, 16 * packets)
        urb = Urb(seqnum, not is_in, number | 0x80 * is_in, length, packets, interval, head[40:], data)
        self.urbs.append(urb)
        connection.sendall(self._usual(urb) or self.answer(urb))

    def _usual(self, urb):
        if urb.endpoint & 15:
            return None
        kind, request, value = struct.unpack('<BBH', urb.setup[:4])
        if (kind, request) == (0x80, 6) and value >> 8 in self.descriptors:
            return self.done(urb, data=self.descriptors[value >> 8][:urb.length])
        if (kind, request, value >> 8) == (0x80, 6, 3) and value & 255 in self.strings:
            text = self.strings[value & 255]
            return self.done(urb, data=(bytes((len(text) + 2, 3)) + text)[:urb.length])
        if (kind, request) == (0x80, 6):
            return self.done(urb, EPIPE)
        if (kind, request) == (0x80, 0):
            return self.done(urb, data=bytes(2))
        return self.done(urb) if (kind, request) == (0, 9) else None

    @staticmethod
    def _receive(connection, count):
        got = b''
        while len(got) < count:
            more = connection.recv(count - len(got))
            if not more:
                raise EOFError
            got += more
        return got
