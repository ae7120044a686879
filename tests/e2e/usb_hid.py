#!/usr/bin/python3
"""usb:demo-mouse and usb:demo-keyboard over USB/IP: reports wait for events out of a FIFO, whose
writers come and go; each client is played what is to be played; what is wrong is said."""

import os
import time

import harness
import usbip
from harness import check, equal
from usbip import IN

ECONNRESET = -104


def attach(port, busid):
    harness.eventually(lambda: any(d['busid'] == busid for d in usbip.Client(port).list()),
                       f'{busid} is there')
    client = usbip.Client(port)
    equal(client.import_device(busid)['busid'], busid, 'import')
    equal(client.control(0, 9, 1, 0), (0, 0), 'SET_CONFIGURATION')
    return client


def write(path, text):
    with open(path, 'w') as fifo:
        fifo.write(text)


def report(client):
    status, data = client.do(1, IN, length=8)
    equal(status, 0, 'status')
    return data.hex()


def waits_for_events(port, mouse):
    client = attach(port, '250-1')
    write(mouse, 'move 5 -3\n')
    equal(report(client), '0005fd00', 'a movement')
    first, second = client.submit(1, IN, length=8), client.submit(1, IN, length=8)
    client.socket.settimeout(0.3)
    try:
        client.reply()
        raise harness.Failed('a report without an event')
    except TimeoutError:
        client.socket.settimeout(10)
    unlink = client.unlink(first)
    equal(client.reply(), ('unlink', unlink, ECONNRESET), 'one that waits is unlinked')
    write(mouse, 'click left\n')
    equal(client.reply()[1:4], (second, 0, bytes.fromhex('01000000')), 'the other gets the event')
    equal(report(client), '00000000', 'and the next')
    for i in range(1, 100):
        write(mouse, f'wheel {i}\n')
        equal(report(client), f'000000{i:02x}', 'a writer each')
    return client


def says_what_is_wrong(server, client, mouse):
    write(mouse, 'jump\nmove 1\n' + 'x' * 5000 + '\n\x1b[2J\nmove 7 7\n')
    equal(report(client), '00070700', 'the good one')
    server.says(r'mouse: \S*: "jump" is left out: a mouse has move, wheel, press')
    server.says(r'"move 1" is left out: it is move DX DY, two numbers')
    server.says(r'is left out: a line has 1024 bytes at most')
    server.says(r'"\?\[2J" is left out')


def next_client_begins_anew(port, mouse, client):
    write(mouse, 'press left\n')
    equal(report(client), '01000000', 'held')
    client.close()
    client = attach(port, '250-1')
    write(mouse, 'move 1 1\n')
    equal(report(client), '00010100', 'not for the next one')
    client.close()


def plays(port):
    for _ in range(2):
        client = attach(port, '250-3')
        equal([report(client) for _ in range(4)],
              ['02000b0000000000', '0000000000000000', '00000c0000000000', '0000000000000000'], 'Hi')
        client.close()


def takes_no_time(server):
    def used():
        with open(f'/proc/{server.pid}/stat') as stat:
            return sum(int(n) for n in stat.read().rsplit(')', 1)[1].split()[11:13])
    before = used()
    time.sleep(1)
    check(used() - before < 10, 'nothing is done while nobody writes')


def main():
    mouse, keys = harness.temp('mouse'), harness.temp('keys')
    os.mkfifo(mouse)
    os.mkfifo(keys)
    server = harness.Com2net(f'usb:demo-mouse,events={mouse}', f'usb:demo-keyboard,events={keys}',
                             'usb:demo-keyboard,name=typist,play=type Hi;wait 5000;type x', '0', ports=3)
    port = server.port
    client = waits_for_events(port, mouse)
    says_what_is_wrong(server, client, mouse)
    takes_no_time(server)
    next_client_begins_anew(port, mouse, client)
    plays(port)
    client = attach(port, '250-2')
    equal(client.control(0x21, 10, 0, 0), (0, 0), 'SET_IDLE: for ever')
    write(keys, 'press ctrl+c\nrelease all\nkey enter\n')
    equal([report(client) for _ in range(4)],
          ['0100060000000000', '0000000000000000', '0000280000000000', '0000000000000000'], 'keys')
    equal(client.control(0x21, 9, 0x0200, 0, b'\x02'), (0, 1), 'SET_REPORT')
    server.says('keyboard: lights: caps$')
    equal(server.stop(), 0, 'status')
    program = server.argv[0]
    for options, why in (('events=/nowhere/fifo', 'mkfifo'), ('play=jump', 'a mouse has'), ('play', 'needs a value'),
                         ('file=/x', 'no option file=')):
        said = harness.fails([program, f'usb:demo-mouse,{options}', '0'])
        check(why in said, f'{options}: {said}')


harness.run(main)
