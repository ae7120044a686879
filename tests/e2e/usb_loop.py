#!/usr/bin/python3
"""usb:demo-loop over USB/IP: it is listed and imported; standard requests, bulk, interrupt and
isochronous transfers; unlinks before and after the end; what a client must not do ends its session
and nothing else."""

import struct
import threading

import harness
import usbip
from harness import check, equal
from usbip import IN, OUT

ENOENT, EINVAL, EPIPE, ECONNRESET, EOVERFLOW, EREMOTEIO = -2, -22, -32, -104, -75, -121


def lists(port):
    devices = usbip.Client(port).list()
    equal([d['busid'] for d in devices], ['250-1', '250-2'], 'busids')
    equal([d['speed'] for d in devices], [3, 2], 'speeds')
    equal([(d['vendor'], d['product']) for d in devices], [(0x1209, 1)] * 2, 'VID:PID')
    equal([d['classes'] for d in devices], [[b'\xff\xff\xff']] * 2, 'interfaces')
    check(all(d['busnum'] <= 255 and d['devnum'] <= 255 for d in devices), 'numbers fit in a byte')


def refuses(port):
    equal(usbip.Client(port).import_device('1-1'), 4, 'an unknown busid')
    holder = usbip.Client(port)
    holder.import_device('250-1')
    equal(usbip.Client(port).import_device('250-1'), 2, 'a device that somebody has')
    equal([d['busid'] for d in usbip.Client(port).list()], ['250-2'], 'it is not listed')
    for what, data in (('another version', struct.pack('>HHI', 0x0106, 0x8005, 0)),
                       ('an unknown request', struct.pack('>HHI', 0x0111, 0x8001, 0))):
        client = usbip.Client(port)
        client.send(data)
        check(client.closed(), f'{what} is answered with an end')
    holder.close()
    harness.eventually(lambda: len(usbip.Client(port).list()) == 2, 'it is free again')


def has_descriptors(client):
    status, device = client.descriptor(1, length=64)
    equal((status, len(device), device[8:12]), (0, 18, b'\x09\x12\x01\x00'), 'device descriptor')
    status, head = client.descriptor(2, length=9)
    total = struct.unpack_from('<H', head, 2)[0]
    status, configuration = client.descriptor(2, length=total)
    equal((status, len(configuration)), (0, total), 'configuration')
    equal(client.descriptor(3, 2), (0, bytes([26, 3]) + 'USB loopback'.encode('utf-16-le')), 'string')
    equal(client.descriptor(3, 99)[0], EPIPE, 'a string that is not there')
    equal(client.control(0, 9, 1, 0), (0, 0), 'SET_CONFIGURATION')
    equal(client.control(0, 9, 7, 0)[0], EPIPE, 'a configuration that is not there')
    equal(client.control(0x80, 8, 0, 0, 1), (0, b'\1'), 'GET_CONFIGURATION')
    equal(client.control(1, 11, 5, 0)[0], EPIPE, 'a setting that is not there')


def moves_data(client, size):
    for ep, data in (1, bytes(range(256)) * 300 + b'.'), (2, b'interrupt'):
        equal(client.do(ep, OUT, data), (0, len(data)), 'what is sent')
        equal(client.do(ep, IN, length=100000), (0, data), 'comes back')
    equal(client.do(1, OUT, b''), (0, 0), 'an empty packet')
    equal(client.do(1, IN, length=10), (0, b''), 'comes back')
    data = b'x' * (2 * size)
    client.do(1, OUT, data, flags=usbip.ZERO_PACKET)
    equal(client.do(1, IN, length=2 * size), (0, data), 'a full transfer')
    equal(client.do(1, IN, length=2 * size), (0, b''), 'and its empty packet')
    client.do(1, OUT, b'short')
    equal(client.do(1, IN, length=64, flags=usbip.SHORT_NOT_OK), (EREMOTEIO, b'short'), 'short')
    client.do(1, OUT, b'y' * 20)
    equal(client.do(1, IN, length=7)[0], EOVERFLOW, 'a packet larger than the buffer')
    equal(client.do(4, OUT, b'x' * 100000), (0, 100000), 'the sink takes')
    equal(client.do(4, IN, length=100000), (0, bytes(100000)), 'the source gives')
    equal(client.do(9, OUT, b'z' * 1000)[0], ENOENT, 'an endpoint that is not there')
    equal(client.descriptor(1, length=18)[0], 0, 'the stream goes on behind it')
    equal(client.control(2, 3, 0, 0x81), (0, 0), 'SET_FEATURE(HALT)')
    equal(client.do(1, IN, length=10)[0], EPIPE, 'a halted endpoint')
    equal(client.control(2, 1, 0, 0x81), (0, 0), 'CLEAR_FEATURE(HALT)')
    equal(client.control(0x23, 3, 4, 0), (0, 0), 'a port reset')
    client.do(1, OUT, b'after')
    equal(client.do(1, IN, length=10), (0, b'after'), 'after a reset')


def unlinks(client, size):
    waiting = [client.submit(1, IN, length=size) for _ in range(3)]
    unlink = client.unlink(waiting[1])
    equal(client.reply(), ('unlink', unlink, ECONNRESET), 'one that waits')
    client.submit(1, OUT, b'1')
    got = [client.reply()[:4], client.reply()[:4]]
    check(('submit', waiting[0], 0, b'1') in got, f'the first is done: {got}')
    unlink = client.unlink(waiting[0])
    equal(client.reply(), ('unlink', unlink, 0), 'one that is done')
    unlink = client.unlink(12345)
    equal(client.reply(), ('unlink', unlink, 0), 'one that never was')
    client.submit(1, OUT, b'z' * size)  # a full packet: the transfer goes on
    client.reply()
    unlink = client.unlink(waiting[2])
    got = client.reply()
    if got[0] == 'submit':  # it had room for one packet only, and was done
        equal(got[1:4], (waiting[2], 0, b'z' * size), 'the third is done')
        got = client.reply()
    equal(got, ('unlink', unlink, 0), 'the third')
    # one that comes before its URB takes it away: vhci_hcd sends such
    early = client.unlink(client.seqnum + 2)
    urb = client.submit(1, OUT, b'never')
    equal(client.reply(), ('unlink', early, ECONNRESET), 'one that is early')
    equal(client.descriptor(1, length=18)[0], 0, f'nothing is said of URB {urb}')
    # part of a transfer is not lost
    long = client.submit(1, IN, length=4 * size)
    client.submit(1, OUT, b'p' * size)
    client.reply()
    unlink = client.unlink(long)
    equal(client.reply()[:4], ('submit', long, ECONNRESET, b'p' * size), 'its data')
    equal(client.reply(), ('unlink', unlink, 0), 'and its end')


def is_isochronous(client):
    packets = [(i * 200, 100 + i) for i in range(8)]
    data = bytearray(1600)
    for n, (offset, length) in enumerate(packets):
        data[offset:offset + length] = bytes([n]) * length
    client.submit(3, OUT, bytes(data), packets=packets)
    _, _, status, _, actual, got = client.reply()
    equal((status, actual, [p[2] for p in got]), (0, 828, [p[1] for p in packets]), 'packets sent')
    client.submit(3, IN, length=1600, packets=[(i * 200, 200) for i in range(8)])
    _, _, status, joined, actual, got = client.reply()
    equal((status, actual, [p[2] for p in got]), (0, 828, [p[1] for p in packets]), 'packets back')
    equal(joined, b''.join(bytes([n]) * length for n, (_, length) in enumerate(packets)), 'joined')


def refuses_what_cannot_be(client):
    """Nothing of the server's memory comes back, and nothing is written outside of it."""
    for what, packets in (('overlap', [(0, 1024)] * 64), ('are out of order', [(50, 50), (0, 50)]),
                          ('are outside', [(0, 1000), (1000, 25)])):
        for _ in range(64):
            client.submit(3, OUT, bytes(1024), packets=[(0, 1024)])
            client.reply()
        client.submit(3, IN, length=1024, packets=packets)
        _, _, status, data, _, got = client.reply()
        equal((status, data, [p[2] for p in got]), (EINVAL, b'', [0] * len(packets)), f'packets that {what}')
    client.control(2, 1, 0, 0x83)
    equal(client.do(3, IN, length=4000), (EINVAL, b''), 'isochronous without packets')
    for ep in 0, 1:
        client.submit(ep, IN, length=64, packets=[(0, 64)])
        equal(client.reply()[2:4], (EINVAL, b''), f'packets at endpoint {ep}')
    to_device = struct.pack('<BBHHH', 0x40, 1, 0, 0, 4000)
    equal(client.do(0, IN, length=4000, setup=to_device), (EINVAL, b''), 'a request of two directions')
    from_device = struct.pack('<BBHHH', 0x80, 6, 0x100, 0, 18)
    equal(client.do(0, OUT, bytes(18), setup=from_device), (EINVAL, 0), 'and the other way')


def survives(server, port):
    def client():
        harness.eventually(lambda: any(d['busid'] == '250-1' for d in usbip.Client(port).list()),
                           'the device is free')
        c = usbip.Client(port)
        c.import_device('250-1')
        return c
    for what, act in (
            ('a URB of another device', lambda c: c.submit(1, IN, length=1, devid=1)),
            ('a length of 2 GiB', lambda c: c.submit(1, OUT, length=0x7fffffff)),
            ('a negative length', lambda c: c.submit(1, OUT, length=-5)),
            ('a number twice', lambda c: [c.submit(1, IN, length=1, seqnum=7) for _ in range(2)]),
            ('too many packets', lambda c: c.send(struct.pack('>IIIIIIiiii8s', 1, 1, c.devid, 0, 3, 0, 0,
                                                              0, 1025, 0, bytes(8)))),
            ('what is no command', lambda c: c.send(b'?' * 48)),
            ('a reply', lambda c: c.send(struct.pack('>II40x', 3, 1)))):
        c = client()
        act(c)
        check(c.closed(), f'{what} ends the session')
    c = client()
    for _ in range(1000):
        c.submit(1, IN, length=64)
    c.close()
    c = client()
    c.send(struct.pack('>II', 1, 1))  # half a header
    c.close()
    c = client()
    # more than the budget: it waits for room, and nothing is lost
    replies = []
    reader = threading.Thread(target=lambda: replies.extend(c.reply() for _ in range(80)))
    c.directions = {n: n % 2 == 0 for n in range(1, 81)}
    reader.start()
    for i in range(0, 40, 8):  # more than the FIFO holds, and then more than the budget
        for n in range(i, i + 8):
            c.submit(1, OUT, bytes([n]) * (1 << 20), seqnum=2 * n + 1)
        for n in range(i, i + 8):
            c.submit(1, IN, length=1 << 20, seqnum=2 * n + 2)
    reader.join()
    equal(len(replies), 80, 'replies')
    check(all(r[2] == 0 and r[4] == 1 << 20 for r in replies), 'large transfers')
    seen = [(r[1], r[3]) for r in replies if r[3]]
    equal([data[0] for _, data in seen], list(range(40)), 'in order')
    check(all(data == data[:1] * len(data) for _, data in seen), 'their bytes')
    check(server.running(), 'the server lives')


def main():
    server = harness.Com2net('usb:demo-loop', 'usb:demo-loop:full,name=slow', '0', ports=1)
    port = server.port
    lists(port)
    refuses(port)
    client = usbip.Client(port)
    equal(client.import_device('250-1')['busid'], '250-1', 'import')
    has_descriptors(client)
    moves_data(client, 512)
    unlinks(client, 512)
    is_isochronous(client)
    refuses_what_cannot_be(client)
    slow = usbip.Client(port)
    equal(slow.import_device('slow')['busid'], 'slow', 'import by name')
    moves_data(slow, 64)
    client.close()
    survives(server, port)


harness.run(main)
