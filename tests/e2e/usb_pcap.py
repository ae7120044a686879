#!/usr/bin/python3
"""--pcap records transfers as usbmon does: tshark reads them without a complaint, and as they were."""

import os
import signal
import subprocess

import harness
import usbip
from harness import check, equal
from usbip import IN, OUT


def is_sleeping(pid):
    with open(f'/proc/{pid}/stat') as stat:
        return stat.read().rpartition(')')[2].split()[0] == 'S'


def main():
    tshark = harness.need('tshark')
    path = harness.temp('transfers.pcapng')
    server = harness.Com2net('--pcap', path, 'usb:demo-loop', '0', ports=1)
    client = usbip.Client(server.port)
    client.import_device('250-1')
    client.descriptor(1, length=18)
    client.do(1, OUT, b'written to it')
    client.do(1, IN, length=64)
    client.submit(3, OUT, bytes(200) + bytes([7]) * 200, packets=[(0, 100), (200, 150)])
    client.reply()
    client.submit(3, IN, length=2048, packets=[(0, 1024), (1024, 1024)])
    client.reply()
    client.submit(1, IN, length=64)
    client.unlink(client.seqnum)
    client.reply()
    client.close()
    server.stop()

    def fields(*names, only=''):
        words = [word for name in names for word in ('-e', name)]
        said = subprocess.run([tshark, '-r', path, '-T', 'fields', *words, *(['-Y', only] if only else [])],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        equal(said.returncode, 0, f'tshark reads it; it said: {said.stderr}')
        return [line.split('\t') for line in said.stdout.splitlines()]
    rows = fields('usb.urb_type', 'usb.transfer_type', 'usb.endpoint_address', 'usb.urb_status')
    equal([row[0].strip("'") for row in rows], ['S', 'C'] * 6, 'begin and end of each')
    equal([int(row[1], 16) for row in rows[::2]], [2, 3, 3, 0, 0, 3], 'kinds')
    equal([int(row[2], 16) for row in rows[::2]], [0x80, 1, 0x81, 3, 0x83, 0x81], 'endpoints')
    equal(rows[-1][3], '-104', 'the status of one that was unlinked')
    device = fields('usb.idVendor', 'usb.idProduct', only='usb.idVendor')
    equal([[int(word, 16) for word in row] for row in device], [[0x1209, 1]], 'the device descriptor')
    data = fields('usb.capdata', only='usb.capdata')
    check(any(row[0].replace(':', '') == b'written to it'.hex() for row in data), f'data: {data}')
    packets = fields('usb.iso.iso_len', 'usb.iso.data', only='usb.iso.iso_len')
    equal([row[0] for row in packets], ['100,150', '100,150', '1024,1024', '100,150'],
          'lengths of packets, at the end as they were moved')
    equal(packets[-1][1].replace(':', '').split(',')[-1], '07' * 150, 'the data of one behind a gap')
    equal(fields('frame.number', only='_ws.malformed || _ws.expert.severity == error'), [], 'complaints')

    said = harness.fails([server.argv[0], '--pcap', '/nowhere/x', 'usb:demo-loop', '0'])
    check('/nowhere/x' in said, f'a file that cannot be made is said: {said}')

    fifo = harness.temp('fifo')
    os.mkfifo(fifo)
    waiting = harness.Program([server.argv[0], '--pcap', fifo, 'usb:demo-loop', '0'])
    waiting.expected = True
    harness.eventually(lambda: is_sleeping(waiting.pid), 'it waits for a reader of the FIFO')
    equal(waiting.stop(), -signal.SIGTERM, 'how it ends, if none comes')


harness.run(main)
