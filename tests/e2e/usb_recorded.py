#!/usr/bin/python3
"""What Linux's client asked of a real FTDI adapter, as it was recorded, is asked of usb:demo-ftdi:
it answers each request, with the same status. What the answers are about differs with the device,
and stands in a table."""

import os
import re
import struct

import harness
import usbip
from harness import check, equal
from usbip import IN, OUT

VECTORS = os.path.join(harness.TREE, 'tests/vectors/usbip')
EPIPE, FIFO = -32, 100
RECORDED = ('05-ftdi-enumerate.txt', 14), ('06-ftdi-session.txt', 41), ('07-ftdi-cancel.txt', 20)
DIFFERENCES = {
    '80 06 04 03 09 04 ff 00': (EPIPE, 'string 4 is that of an interface of the adapter; ours has none'),
    '40 09 00 00 00 00 00 00': (EPIPE, 'a latency of 0 ms, which QEMU says it has and Linux sets then'),
}
seen = set()


def messages(name):
    """The client's and the server's messages of the first connection that imports, in order."""
    with open(os.path.join(VECTORS, name)) as f:
        for connection in re.split(r'^connection \d+$', f.read(), flags=re.M)[1:]:
            found = []
            for part in re.split(r'^# +[\d.]+ s', connection, flags=re.M)[1:]:
                ways = re.findall(r'^([<>]) ([0-9a-f ]+)$', part, re.M)
                if ways:
                    found.append((ways[0][0], bytes.fromhex(''.join(hex for _, hex in ways))))
            if found and found[0][1][:4] == b'\x01\x11\x80\x03':
                return found[2:]  # behind the import
    raise harness.Failed(f'{name} has no import')


def answers_of(recorded):
    """Status and direction of each URB that was answered, by its number."""
    return {struct.unpack_from('>I', m, 4)[0]: struct.unpack_from('>i', m, 20)[0]
            for way, m in recorded if way == '<' and m[3] == 3}


def plays(port, name):
    recorded = messages(name)
    statuses = answers_of(recorded)
    client = usbip.Client(port)
    client.import_device('250-1')
    count = 0
    for way, message in recorded:
        command, number = struct.unpack_from('>II', message)
        direction, ep = struct.unpack_from('>II', message, 12)
        if way == '<' or command != 1 or number not in statuses:
            continue
        if ep != 0 and direction == IN:  # what the device has to say, and when, is its own affair
            continue
        if ep != 0 and len(message) > 48 + FIFO:  # nobody reads what ours sends back
            continue
        client.directions[number] = direction
        client.send(message[:8] + struct.pack('>I', client.devid) + message[12:])
        kind, got, status, _, actual, _ = client.reply()
        setup = message[40:48]
        what = setup.hex(' ') if ep == 0 else f'{len(message) - 48} bytes'
        equal((kind, got), ('submit', number), f'{name}: the answer to {what}')
        expected, _ = DIFFERENCES.get(what, (statuses[number], ''))
        equal(status, expected, f'{name}: the status of {what}')
        if direction == OUT and status == 0:
            equal(actual, len(message) - 48, f'{name}: bytes sent of {what}')
        seen.add(what)
        count += 1
    client.close()
    return count


def main():
    server = harness.Com2net('usb:demo-ftdi', '0', ports=1)
    for name, least in RECORDED:
        count = plays(server.port, name)
        check(count >= least, f'{name}: {count} requests')
        harness.eventually(lambda: usbip.Client(server.port).list(), 'it is free again')
    check(set(DIFFERENCES) <= seen, f'all differences occur: {set(DIFFERENCES) - seen}')


harness.run(main)
