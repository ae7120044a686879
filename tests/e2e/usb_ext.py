#!/usr/bin/python3
"""com2net's additions to USB/IP: marked records, lists that say who has a device and come anew,
descriptors without an import, imports that are kept; and foreign clients see nothing of it."""

import socket
import struct

import harness
import usbip
from harness import check, equal
from usbip import IN, OUT

NODEV, BUSY = 4, 2
TOKEN, OTHER = bytes(range(16)), bytes(16)
FREE, USED = 0, 1


class Client(usbip.Client):
    def ask(self, code, request=b''):
        self.send(struct.pack('>HHI', usbip.VERSION, 0x8c00 | code, 0) + request)
        return self.answer(code)

    def answer(self, code):
        version, got, status = struct.unpack('>HHI', self.receive(8))
        equal((version, got), (usbip.VERSION, 0x0c00 | code), 'the answer')
        return status

    def list_extended(self, keep=False):
        equal(self.ask(1, struct.pack('>I', keep)), 0, 'a list')
        return self.take_list()

    def next_list(self):
        equal(self.answer(1), 0, 'a further list')
        return self.take_list()

    def take_list(self):
        devices = []
        for _ in range(struct.unpack('>I', self.receive(4))[0]):
            device = self.record()
            name, user, state, rest = struct.unpack('>64s80sII', self.receive(152))
            device['name'], device['user'] = (x.rstrip(b'\0').decode() for x in (name, user))
            device['state'] = state
            equal(rest, 0, 'what is not used')
            device['classes'] = [self.receive(4)[:3] for _ in range(device['interfaces'])]
            devices.append(device)
        return devices

    def descriptors(self, busid):
        status = self.ask(2, struct.pack('32s', busid.encode()))
        if status:
            return status
        data, found = self.receive(struct.unpack('>I', self.receive(4))[0]), {}
        while data:
            value, index, size = struct.unpack_from('>HHI', data)
            found[value, index] = data[8:8 + size]
            data = data[8 + size:]
        return found

    def import_kept(self, busid, ms, token=TOKEN):
        """The status, or what was granted."""
        status = self.ask(3, struct.pack('>32sI16s', busid.encode(), ms, token))
        if status:
            return status
        record = self.record()
        self.devid = record['busnum'] << 16 | record['devnum']
        equal(record['busid'], busid, 'under the name that was asked for')
        grace, resumed = struct.unpack('>II', self.receive(8))
        return grace, bool(resumed)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack('ii', 1, 0))
        self.close()


def states(port):
    return {d['busid']: d['state'] for d in Client(port).list_extended()}


def is_marked(port):
    client = Client(port)
    client.send(struct.pack('>HHI', usbip.VERSION, 0x8005, 0))
    client.receive(12)
    path = client.receive(312)[:256]
    equal(path[:14], b'/com2net/loop\0', 'the path ends before the mark')
    equal(path[-12:], b'com2net\0\0\0\0\1', 'the mark')


def lists(port):
    holder = Client(port)
    holder.import_device('250-1')
    devices = Client(port).list_extended()
    equal([(d['busid'], d['name'], d['state']) for d in devices],
          [('250-1', 'loop', USED), ('250-2', 'stick', FREE)], 'all devices')
    equal(devices[0]['user'], '127.0.0.1:%d' % holder.socket.getsockname()[1], 'who has it')
    equal((devices[1]['user'], len(devices[1]['classes'])), ('', 1), 'the one that is free')
    client = Client(port)
    client.list_extended()
    check(client.closed(), 'a list that is not kept ends')
    holder.close()
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'it is free')


def watches(port):
    watcher = Client(port)
    equal([d['state'] for d in watcher.list_extended(keep=True)], [FREE, FREE], 'at first')
    holder = Client(port)
    holder.import_device('stick')
    equal([d['state'] for d in watcher.next_list()], [FREE, USED], 'an import')
    holder.close()
    equal([d['state'] for d in watcher.next_list()], [FREE, FREE], 'its end')
    # the same connection may import
    equal(watcher.import_device('250-2')['busid'], '250-2', 'a watcher imports')
    equal(watcher.descriptor(1, length=18)[0], 0, 'and has the device')
    watcher.close()
    harness.eventually(lambda: states(port)['250-2'] == FREE, 'it is free')
    # one that does not read costs a list, not each of them
    lazy = Client(port)
    lazy.list_extended(keep=True)
    for _ in range(300):
        holder = Client(port)
        holder.import_device('250-1')
        holder.close()
        harness.eventually(lambda: states(port)['250-1'] == FREE, 'it is free')
    last = lazy.next_list()
    lazy.socket.settimeout(0.5)
    try:
        while True:
            last = lazy.next_list()
    except TimeoutError:
        pass
    equal([d['state'] for d in last], [FREE, FREE], 'the last list is the state')


def describes(port):
    equal(Client(port).descriptors('1-1'), NODEV, 'of a device that is not there')
    holder = Client(port)
    holder.import_device('250-1')
    found = Client(port).descriptors('250-1')  # somebody has it
    equal(found[0x100, 0], holder.descriptor(1, length=18)[1], 'device')
    equal(found[0x200, 0], holder.descriptor(2, length=1000)[1], 'configuration')
    for number in range(1, 3):
        equal(found[0x300 | number, 0x0409], holder.descriptor(3, number)[1], 'string')
    equal(found[0x300, 0], b'\4\3\x09\4', 'languages')
    holder.close()
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'it is free')


def queue_byte(client):
    """Leaves something in the device."""
    equal(client.do(1, OUT, b'kept'), (0, 4), 'sent')


def has_byte(client):
    seqnum = client.submit(1, IN, length=16)
    client.unlink(seqnum)
    kind, _, status, *data = client.reply()
    client.reply() if kind == 'submit' else None
    return kind == 'submit' and (status, data[0]) == (0, b'kept')


def keeps(port):
    # open, close, open: as it was left
    first = Client(port)
    equal(first.import_kept('250-1', 5000), (5000, False), 'the first import')
    queue_byte(first)
    first.close()
    second = Client(port)
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'others may have it')
    equal(second.import_kept('250-1', 100000), (60000, True), 'the second one, at most 60 s')
    check(has_byte(second), 'the device is as it was left')
    queue_byte(second)
    second.close()
    # somebody else gets it at once, and new
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'let go')
    third = Client(port)
    equal(third.import_kept('250-1', 1000, OTHER), (1000, False), 'somebody else')
    check(not has_byte(third), 'has a new device')
    third.close()
    # without a grace time nothing is kept
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'let go')
    fourth = Client(port)
    equal(fourth.import_kept('250-1', 0), (0, False), 'no grace time')
    queue_byte(fourth)
    fourth.close()
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'let go')
    fifth = Client(port)
    equal(fifth.import_kept('250-1', 0), (0, False), 'and none kept')
    fifth.close()
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'let go')


def is_free_after_a_reset(port):
    """As a program leaves it that is killed with answers unread: the next one need not wait."""
    first = Client(port)
    first.import_kept('250-1', 30000)
    queue_byte(first)
    first.reset()
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'others may have it')
    again = Client(port)
    equal(again.import_kept('250-1', 30000), (30000, True), 'its owner has it back')
    check(has_byte(again), 'as it was left')
    again.reset()
    harness.eventually(lambda: states(port)['250-1'] == FREE, 'others may have it')
    other = Client(port)
    equal(other.import_kept('250-1', 1000, OTHER), (1000, False), 'one of them')
    other.close()


def is_taken_over(port):
    """The owner's old connection has not noticed its end."""
    old = Client(port)
    old.import_kept('250-1', 5000)
    queue_byte(old)
    waiting = old.submit(2, IN, length=64)  # under way
    new = Client(port)
    equal(new.import_kept('250-1', 5000), (5000, True), 'the new connection has it')
    check(has_byte(new), 'as it was')
    check(old.closed(), f'the old one has ended, and URB {waiting} with it')
    equal(Client(port).import_kept('250-1', 5000, OTHER), BUSY, 'nobody else takes it over')
    new.close()


def main():
    server = harness.Com2net('usb:demo-loop,name=loop', 'usb:demo-loop:full,name=stick', '0',
                             ports=1)
    port = server.port
    for test in (is_marked, lists, watches, describes, keeps, is_taken_over, is_free_after_a_reset):
        test(port)
    check(server.running(), 'the server lives')
    # the end of com2net is not held up by what is kept
    last = Client(port)
    last.import_kept('250-2', 60000)
    last.close()
    harness.eventually(lambda: states(port)['250-2'] == FREE, 'kept')
    equal(server.stop(), 0, 'com2net ends')


harness.run(main)
