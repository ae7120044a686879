#!/usr/bin/python3
"""What no USB/IP server should do, to a program on net2usb's libusb-1.0: it gets an error of libusb's
soon, and goes on."""

import os
import socket
import struct
import threading
import time

import clock
import harness
import net2usb_returns as returns
from harness import check, equal

RECORD = struct.pack('>256s32sIIIHHHBBBBBB', b'/sys/x', b'1-1', 1, 2, 3, 0x1209, 0x0001, 0x100, 0xff,
                     0xff, 0xff, 1, 1, 1)
DEVLIST = struct.pack('>HHII', 0x0111, 5, 0, 1) + RECORD + b'\xff\xff\xff\0'
MARK = b'com2net\0' + struct.pack('>I', 1)
IMPORT = struct.pack('>HHI', 0x0111, 3, 0) + RECORD


def marked(count):
    """A list of devices that bear com2net's mark, so that they are asked for their descriptors."""
    records = (RECORD[:244] + MARK + RECORD[256:256 + 2] + b'%02d' % i + RECORD[260:] + b'\xff\xff\xff\0'
               for i in range(count))
    return struct.pack('>HHII', 0x0111, 5, 0, count) + b''.join(records)


class Server:
    """Answers a list with `listed` and an import with `imported`, and then does as `after` does."""

    def __init__(self, listed=DEVLIST, imported=IMPORT, after=lambda connection: None):
        self.listed, self.imported, self.after = listed, imported, after
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.kept = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            connection = self.listener.accept()[0]
            self.kept.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        request = connection.recv(8)
        if request[2:4] == b'\x80\x05':
            answer = self.listed
        else:
            connection.recv(32)
            answer = self.imported
        if answer is None or request[2:4] == b'\x8c\x02':  # nor is it asked for descriptors in vain
            return  # and keeps it open
        if callable(answer):
            answer(connection)
            return
        connection.sendall(answer)
        if answer is self.imported:
            self.after(connection)
        else:
            connection.close()


def drip(connection):
    """A list that comes, but never to its end."""
    try:
        connection.sendall(struct.pack('>HHII', 0x0111, 5, 0, 100))
        for i in range(3000):
            connection.sendall(RECORD[i % len(RECORD):][:1])
            time.sleep(0.01)
    except OSError:
        pass


class Keeping(Server):
    """com2net without a device, and with ideas of its own about kept connections."""
    changed = struct.pack('>HHII', 0x0111, 0x0c01, 0, 0)

    def __init__(self, keep):
        self.keep = keep
        super().__init__()

    def serve(self, connection):
        request = connection.recv(8)
        if request[2:4] != b'\x8c\x01':
            connection.sendall(struct.pack('>HHII', 0x0111, 5, 0, 0))
            connection.close()
            return
        keeps = connection.recv(4) == struct.pack('>I', 1)
        connection.sendall(self.changed)
        try:
            if keeps:
                self.keep(connection)
        except OSError:
            pass


def change_at_leisure(connection):
    while True:
        for byte in Keeping.changed:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)


def change_at_once(connection):
    while True:
        connection.sendall(1000 * Keeping.changed)


def asks_seldom(what, keep):
    """It is not asked each time that it says something: which a computer can say very often."""
    server = Keeping(keep)
    watcher = returns.Watcher(server.port)
    equal(watcher.ask('devices', 30), '', 'it has no devices')
    for asked in range(1, 11):  # so often that a late machine asks at all
        equal(watcher.ask('events 2000', 90), '', what)
        if len(server.kept) > 2:
            break
    check(2 < len(server.kept) < asked * 100, f'{what}: {len(server.kept)} connections')
    end(watcher)


def changes_for_ever():
    watcher = returns.Watcher(Keeping(change_at_leisure).port)
    equal(watcher.ask('devices', 30), '', 'it has no devices')
    begin = clock.now()
    equal(watcher.ask('events 1000', 90), '', 'changes for ever')
    took = clock.now() - begin
    check(took < 9, f'changes for ever: soon, {took:.1f} s')
    end(watcher)


def silence_is_not_asked_again():
    """A silent server beside another one: not each list waits for it."""
    watcher = returns.Watcher(f'{Server().port},127.0.0.1:{Server(None).port}')
    equal(watcher.ask('devices', 60), '1209:0001', 'one answers')
    begin = clock.now()
    for _ in range(10):
        equal(watcher.ask('devices', 60), '1209:0001', 'one answers')
    took = clock.now() - begin
    check(took < 30, f'ten lists with a silent server: {took:.1f} s')
    end(watcher)


def lists(what, listed, wanted='', limit=7):
    server = Server(listed)
    begin = clock.now()
    watcher = returns.Watcher(server.port)
    equal(watcher.ask('devices', 30), wanted, what)
    check(clock.now() - begin < 2 * limit + 3, f'{what}: soon')
    end(watcher)


def opens(what, wanted, **behaviour):
    server = Server(**behaviour)
    watcher = returns.Watcher(server.port)
    equal(watcher.ask('devices'), '1209:0001', f'{what}: it is listed')
    begin = clock.now()
    said = watcher.ask('open 1209:0001', 30)
    check(said in wanted, f'{what}: {said}')
    check(clock.now() - begin < 12, f'{what}: soon')
    equal(watcher.ask('devices', 30), '1209:0001', f'{what}: the program goes on')
    end(watcher)


class Refusing(Server):
    """com2net, whose lists are not extended, and which may not open its device."""
    reason = b'no permission to open it: join plugdev'.ljust(200, b'\0')

    def serve(self, connection):
        code = connection.recv(8)[2:4]
        if code == b'\x80\x05':
            connection.sendall(marked(1))
        elif code == b'\x8c\x03':
            connection.recv(52, socket.MSG_WAITALL)
            connection.sendall(struct.pack('>HHI', 0x0111, 0x0c03, 3) + self.reason)
        connection.close()


def refuses_with_a_reason():
    """The program gets an error of libusb's, and the person the reason, once."""
    server = Refusing()
    watcher = returns.Watcher(server.port)
    watcher.told += 1  # the reason comes first: descriptors have to be asked of the device
    equal(watcher.ask('devices', 30), '1209:0001', 'it is listed')
    equal(watcher.ask('open 1209:0001', 30), 'LIBUSB_ERROR_ACCESS', 'it is refused')
    equal(watcher.ask('open 1209:0001', 30), 'LIBUSB_ERROR_ACCESS', 'it is refused again')
    said = [line for line in watcher.log().split('\n') if 'join plugdev' in line]
    check(len(said) == 1 and said[0].startswith(f'net2usb: 127.0.0.1:{server.port}: '),
          f'the reason is said once: {said}')
    end(watcher)


def end(watcher):
    watcher.process.stdin.write(b'quit\n')
    watcher.process.stdin.close()
    equal(watcher.wait(), 0, 'the program ends')


def answer_all(payload):
    """Answers each URB with these bytes behind the header's seqnum."""
    def after(connection):
        while True:
            head = connection.recv(48, socket.MSG_WAITALL)
            if len(head) < 48:
                return
            connection.sendall(payload(head[4:8]))
    return after


flooded = [0]  # bytes that were taken


def flood(connection):
    """Unlinks are answered that nobody has asked for, for ever."""
    answers = struct.pack('>IIIIIi24x', 4, 0x7ffffff0, 0, 0, 0, 0) * 20000
    try:
        while True:
            flooded[0] += connection.send(answers[flooded[0] % 48:])
    except OSError:
        pass


def submit(status, actual, data=b''):
    return lambda seqnum: (b'\0\0\0\3' + seqnum + bytes(12) + struct.pack('>ii', status, actual) +
                           bytes(20) + data)


def main():
    harness.built(returns.LIBRARY)
    lists('it closes at once', b'')
    lists('it speaks something else', b'HTTP/1.0 400 Bad Request\r\n\r\n')
    lists('it never answers', None)
    lists('half a record', DEVLIST[:200])
    lists('a list for ever', drip)
    lists('devices that are marked, and not described', marked(40), ' '.join(40 * ['1209:0001']))
    lists('4 billion devices', struct.pack('>HHII', 0x0111, 5, 0, 0xffffffff) + RECORD)
    lists('another version', b'\x01\x06' + DEVLIST[2:])
    lists('one that is well', DEVLIST, '1209:0001')
    silence_is_not_asked_again()
    changes_for_ever()
    asks_seldom('changes without end', change_at_once)
    asks_seldom('it keeps no connection', lambda connection: connection.close())
    io = ('LIBUSB_ERROR_IO', 'LIBUSB_ERROR_NO_DEVICE')
    opens('it refuses', ('LIBUSB_ERROR_BUSY',), imported=struct.pack('>HHI', 0x0111, 3, 2))
    opens('it has no such device', ('LIBUSB_ERROR_NO_DEVICE',),
          imported=struct.pack('>HHI', 0x0111, 3, 4))
    refuses_with_a_reason()
    opens('it cannot', ('LIBUSB_ERROR_ACCESS',), imported=struct.pack('>HHI', 0x0111, 3, 5))
    opens('it never answers an import', ('LIBUSB_ERROR_TIMEOUT',), imported=None)
    opens('half an answer', io, imported=IMPORT[:100], after=lambda c: c.close())
    opens('it closes behind the import', io, after=lambda c: c.close())
    opens('it answers no URB', io)
    opens('garbage', io, after=lambda c: c.sendall(b'?' * 4096))
    opens('more than was asked for', io, after=answer_all(submit(0, 0x7fffffff)))
    opens('a negative length', io, after=answer_all(submit(0, -1)))
    opens('positive errors', io, after=answer_all(submit(1, 0)))
    opens('another number', io, after=answer_all(lambda seqnum: submit(0, 0)(b'\xff' * 4)))
    opens('everything twice', io, after=answer_all(lambda seqnum: 2 * submit(0, 0)(seqnum)))
    opens('unlinks for ever', io, after=flood)
    # what sockets hold, and not what comes until a request has timed out
    check(0 < flooded[0] < 32 << 20, f'unlinks for ever: {flooded[0]} bytes of them were taken')
    opens('a descriptor of zeros', io, after=answer_all(submit(0, 9, bytes(9))))


if __name__ == '__main__':
    harness.run(main)
