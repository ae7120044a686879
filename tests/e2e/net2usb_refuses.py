#!/usr/bin/python3
"""net2usb says what is wrong, in a sentence and within a bounded time: servers that are none, that lie
or never answer, devices that are not there, command lines that mean nothing; doctor says it, too."""

import os
import socket
import struct
import time

import clock
import harness
import net2usb
from harness import check, equal

NO_USB = 'no USB devices are published there; if it is a serial port of com2net\'s, take net2pty'


def refuses(words, status, sentence, limit=12):
    begin = clock.now()
    got, out, err = net2usb.net2usb(*words)
    took = clock.now() - begin
    what = ' '.join(words)
    check(sentence in err, f'{what} says "{sentence}": {err!r}')
    equal((got, out), (status, ''), what)
    check(took < limit, f'{what} ends in time, after {took:.1f} s')


def usage():
    for words, sentence in (
            ((), 'the verb is missing; try'),
            (('explode',), 'unknown verb explode; try list, run'),
            (('list',), 'list takes one server'),
            (('list', 'a', 'b'), 'list takes one server'),
            (('list', '-r', 'a', 'b'), 'list takes one server'),
            (('list', 'a', '--', 'x'), 'list runs no command'),
            (('list', '--persist', 'a'), '--persist is not for list'),
            (('list', 'a:b'), 'a:b is no server: after the colon comes a port'),
            (('list', ''), ' is no server'),
            (('run',), 'run takes a server'),
            (('run', 'a'), 'there is no COMMAND: net2usb run a -- COMMAND'),
            (('run', 'a', '--'), 'there is no COMMAND'),
            (('run', '--post', '04:6010', 'a', '--', 'b'), '--post 04:6010: it is VID:PID'),
            (('env',), 'env takes a server'),
            (('env', 'a', 'b,c'), 'b,c selects nothing: it is a BUSID, a name, VID:PID'),
            (('doctor',), 'doctor takes one server'),
            (('attach', 'a'), 'attach takes a server and a device'),
            (('attach', '-r', 'a', '-b', 'b', 'c'), 'attach takes a server and a device'),
            (('attach', 'a', ''), 'selects nothing'),
            (('detach',), 'detach takes a port, or all'),
            (('detach', 'x'), 'x is no port'),
            (('detach', '-p', '0', '1'), 'detach takes a port, or all'),
            (('ports', 'x'), 'ports takes nothing'),
            (('run', '--bogus', 'a'), 'unknown option --bogus')):
        refuses(words, 2, sentence)


def serial_ports():
    """Of com2net: what asks one for USB devices is told where it is."""
    server = harness.Com2net('loop:', '0')
    host = f'127.0.0.1:{server.port}'
    refuses(('list', host), 1, NO_USB)
    refuses(('run', host, '--', 'true'), 125, NO_USB)
    status, out, _ = net2usb.net2usb('doctor', host)
    check(status == 1 and f'BAD  {host}: {NO_USB}' in out, f'doctor: {out}')


def servers():
    refuses(('list', f'127.0.0.1:{harness.free_port()}'), 1, 'nothing listens there')
    refuses(('run', f'127.0.0.1:{harness.free_port()}', '--', 'true'), 125, 'nothing listens there')
    refuses(('list', 'no-such-host.invalid'), 1, 'its name is not known')
    none = 'no USB/IP server'
    lies = struct.pack('>HHII', 0x111, 5, 0, 0xffffffff)
    for answer, sentence in (
            (lambda c: None, none),  # closes
            (lambda c: c.sendall(b'HTTP/1.1 400 Bad Request\r\n\r\n'),
             'it says "HTTP/1.1 400 Bad Request": no USB/IP server'),
            (lambda c: c.sendall(b'\xff\xfb\x01' * 300), none),
            (lambda c: c.sendall(lies), none),
            (lambda c: c.sendall(net2usb.listing('1-1', count=2)), none),
            (lambda c: c.sendall(net2usb.listing('1-1')[:100]), none),
            (lambda c: c.sendall(struct.pack('>HHI', 0x106, 5, 0)), none),
            (lambda c: c.sendall(struct.pack('>HHI', 0x111, 5, 5)), NO_USB),
            (net2usb.sleeps, 'connected, but it says nothing')):
        server = net2usb.Server(answer)
        refuses(('list', server.host), 1, sentence)
        refuses(('run', server.host, '--', 'true'), 125, sentence)

    def drips(client):
        for byte in net2usb.listing('1-1', '1-2'):
            client.sendall(bytes([byte]))
            time.sleep(0.5)
    refuses(('list', net2usb.Server(drips).host), 1, 'its answer does not end')

    # it seems to have extensions, and then does not speak them
    def marked(client):
        record = net2usb.record('1-1', mark=b'com2net\0\0\0\0\1')
        client.sendall(struct.pack('>HHII', 0x111, 5, 0, 1) + record)
    status, out, _ = net2usb.net2usb('list', net2usb.Server(marked).host)
    check(status == 0 and out.startswith('1-1 '), 'a wrong mark does no harm')


    # it has them, and then falls silent
    def silent(client, code):
        if code == 0x8005:
            client.sendall(struct.pack('>HHII', 0x111, 5, 0, 5) + b''.join(
                net2usb.record(f'1-{i}', mark=b'com2net\0\0\0\0\1') for i in range(5)))
        elif code == 0x8c01:
            client.sendall(struct.pack('>HHII', 0x111, 0xc01, 0, 5) + b''.join(
                net2usb.record(f'1-{i}', interfaces=0) + bytes(152) for i in range(5)))
        else:
            time.sleep(60)
    begin = clock.now()
    status, out, _ = net2usb.net2usb('list', net2usb.Server(silent, codes=True).host)
    equal((status, out.count('0403:6001')), (0, 5), 'without names')
    check(clock.now() - begin < 8, 'it is asked for one device, not for each')


def selectors():
    server = harness.Com2net('usb:demo-loop', 'usb:demo-loop:full', 'usb:demo-icestick', '0', ports=1)
    host = f'127.0.0.1:{server.port}'
    has = (f'{host} has no device 9-9; it has 250-1 (1209:0001), 250-2 (1209:0001), '
           '250-3 (0403:6010)')
    refuses(('run', host, '9-9', '--', 'true'), 125, has)
    refuses(('run', host, '1209:0001:nobody', '--', 'true'), 125, 'has no device 1209:0001:nobody')
    refuses(('run', host, '12:34', '--', 'true'), 125, 'has no device 12:34; it has')
    refuses(('run', host, 'x' * 2000, '--', 'true'), 2, 'too many SELECTORs')
    foreign = net2usb.Server(lambda c: c.sendall(net2usb.listing(*(f'1-{i}' for i in range(99)))))
    refuses(('run', foreign.host, '0403:6001:A1', '--', 'true'), 125,
            'or does not tell serial numbers; it has 1-0 (0403:6001), ')
    empty = net2usb.Server(lambda c: c.sendall(net2usb.listing()))
    refuses(('run', empty.host, '1-1', '--', 'true'), 125, 'somebody else uses it; it has nothing')
    status, _, err = net2usb.net2usb('run', empty.host, '--', 'true')
    check(status == 0 and 'has no device that is free' in err, f'only a warning: {err}')
    if not os.path.exists('/sys/devices/platform/vhci_hcd.0'):
        refuses(('attach', host, '250-1'), 1, 'the kernel\'s module vhci_hcd is not loaded')
        refuses(('detach', '0'), 1, 'the kernel\'s module vhci_hcd is not loaded')
        refuses(('ports',), 1, 'the kernel\'s module vhci_hcd is not loaded')
    return host


def doctor(host):
    status, out, _ = net2usb.net2usb('doctor', host, '--', harness.need('iceprog'))
    equal(status, 0, 'all is well')
    for line in (f'ok   {host} answers, USB/IP 1.11, with com2net\'s extensions', 'ok   a round trip takes ',
                 'ok   250-1, 1209:0001, is free', 'ok   net2usb\'s libraries are in ',
                 'ok   it loads libusb-0.1.so.4 by way of libftdi.so.1, which run replaces'):
        check(line in out, f'doctor says "{line}": {out}')
    status, out, _ = net2usb.net2usb('doctor', f'127.0.0.1:{harness.free_port()}', '--',
                                     harness.need('busybox'))
    equal(status, 1, 'all is ill')
    for line in ('BAD  127.0.0.1:', 'nothing listens there', 'busybox: it is a static program'):
        check(line in out, f'doctor says "{line}": {out}')
    out = net2usb.net2usb('doctor', host, '--', 'no-such-program')[1]
    check('BAD  no-such-program: command not found' in out, out)
    out = net2usb.net2usb('doctor', host, '--', '/usr/bin/env')[1]
    check('it loads no libusb when it starts' in out, out)
    for source, text, sentence in (
            ('/bin/true', b'/dev/bus/usb', 'BAD  it seems to use /dev/bus/usb itself, without libusb'),
            (harness.need('busybox'), b'LIBUSB_DEBUG', 'it seems to have libusb within it')):
        made = harness.temp('made')
        with open(source, 'rb') as f, open(made, 'wb') as to:
            to.write(f.read() + text)
        os.chmod(made, 0o755)
        status, out, _ = net2usb.net2usb('doctor', host, '--', made)
        check(status == 1 and sentence in out, f'doctor says "{sentence}": {out}')
    foreign = net2usb.Server(lambda c: c.sendall(net2usb.listing('1-1')))
    out = net2usb.net2usb('doctor', foreign.host)[1]
    check(', as usbipd of Linux: devices in use are not listed\n' in out, f'which server it is: {out}')
    # a name is told with its addresses
    name = socket.gethostname()
    try:
        addresses = {found[4][0] for found in socket.getaddrinfo(name, harness.free_port())}
    except socket.gaierror:
        addresses = set()
    out = net2usb.net2usb('doctor', f'{name}:{harness.free_port()}')[1]
    lines = [line for line in out.splitlines() if line.startswith(f'ok   {name} is ')]
    equal({address for line in lines for address in line.split(' is ')[1].split(', ')}, addresses,
          f'addresses of {name}: {out}')
    out = net2usb.net2usb('doctor', host, NET2USB_LIBRARIES='/nowhere')[1]
    check('BAD  net2usb\'s libraries are not in /nowhere' in out, out)


def main():
    usage()
    serial_ports()
    servers()
    doctor(selectors())


harness.run(main)
