#!/usr/bin/python3
"""What goes out for a program's transfer is what usbfs would have sent: a kernel's server ends the session
where usb_submit_urb refuses what it is sent. Our own does so, too, with kernel-checks."""

import struct

import harness
import net2usb_returns as returns
import usb_foreign
import usbip
from harness import check, equal
from usb_foreign import BULK, FULL, INTERRUPT

# usb:demo-loop's pairs of endpoints
BULK_OUT, BULK_IN, INTERRUPT_OUT, INTERRUPT_IN = '1', '81', '2', '82'


def programs_do_not_end_the_session():
    server = harness.Com2net('usb:demo-loop,kernel-checks', '0', ports=1)
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'the loop')
    equal(program.ask(f'bulk {INTERRUPT_OUT} 4 5000'), 'LIBUSB_SUCCESS 4',
          'bulk call, interrupt endpoint OUT')
    equal(program.ask(f'bulk {INTERRUPT_IN} 64 5000'), 'LIBUSB_SUCCESS 4 00000000', 'and IN')
    equal(program.ask(f'interrupt {INTERRUPT_OUT} 4 5000'), 'LIBUSB_SUCCESS 4', 'interrupt call')
    equal(program.ask(f'interrupt {INTERRUPT_IN} 64 5000'), 'LIBUSB_SUCCESS 4 00000000', 'and IN')
    equal(program.ask(f'interrupt {BULK_OUT} 4 5000'), 'LIBUSB_ERROR_IO 0', 'interrupt call, bulk endpoint')
    equal(program.ask('bulk 5 4 5000'), 'LIBUSB_ERROR_IO 0', 'no such endpoint')
    for setup, room, said in (('8006000100001200', 18, 'status 0 18'),
                              ('8006000100001200', 255, 'status 0 18'),
                              ('8000000000000200', 64, 'status 0 2')):
        equal(program.ask(f'request {setup} {room}'), said, f'request {setup} with a buffer of {room} bytes')
    equal(program.ask('request 8006000100000000 0').split()[0], 'status', 'IN with wLength 0')
    equal(program.ask('control'), '0100', 'the session goes on')
    program.quit()
    check('would end here' not in server.log(), f'nothing was refused: {server.log()}')


def what_is_sent():
    endpoints = ((0x81, INTERRUPT, 64, 10), (0x01, INTERRUPT, 64, 10), (0x02, BULK, 64, 0))
    server = usb_foreign.Server(endpoints, speed=FULL)
    program = returns.Watcher(server.port)
    equal(program.ask('open 1209:0001'), 'open', 'a device')
    for question, wanted in (
            ('bulk 1 8 5000', (1, 8, 10)), ('bulk 81 8 5000', (0x81, 8, 10)),
            ('bulk 2 8 5000', (2, 8, 0)),
            ('request 8006000100001200 300', (0x80, 18, 0)), ('request c001000000000000 64', (0, 0, 0)),
            ('request 4001000000000300 64', (0, 3, 0))):
        server.urbs.clear()
        program.ask(question)
        equal([(u.endpoint, u.length, u.interval) for u in server.urbs], [wanted],
              f'{question}: endpoint, length and interval')
    server.urbs.clear()
    equal(program.ask('interrupt 2 8 5000'), 'LIBUSB_ERROR_IO 0', 'interrupt call, bulk endpoint')
    equal(program.ask('request 2109000209000800 8'), 'LIBUSB_ERROR_IO', 'to an interface that there is not')
    equal(program.ask('request 2109000200000800 7'), 'LIBUSB_ERROR_INVALID_PARAM', 'less than wLength')
    equal(server.urbs, [], 'what was sent of that')
    program.quit()


def our_server_checks():
    """Each of these ends the session, and the log says why; without the option they are answered."""
    request = struct.pack('<BBHHH', 0x80, 6, 0x100, 0, 18)
    for why, submit in (
            ('endpoint 0: EBADR: .*', lambda c: c.submit(0, usbip.IN, length=64, setup=request)),
            ('endpoint 2: EINVAL: it has no interval', lambda c: c.submit(2, usbip.OUT, b'1234')),
            ('endpoint 9: ENOENT: .*', lambda c: c.submit(9, usbip.OUT, b'1234'))):
        server = harness.Com2net('usb:demo-loop,kernel-checks', 'usb:demo-loop', '0', ports=1)
        checked, other = usbip.Client(server.port), usbip.Client(server.port)
        checked.import_device('250-1')
        other.import_device('250-2')
        submit(checked)
        check(checked.closed(), f'{why}: the session ends')
        server.says(f"Linux's server would end here: a URB of {why}")
        submit(other)
        other.reply()
        other.close()


def main():
    programs_do_not_end_the_session()
    what_is_sent()
    our_server_checks()


harness.run(main)
