#!/usr/bin/python3
"""net2usb as it is installed: run, doctor and list here, as nobody, and in unprivileged containers."""

import harness
import net2usb
import places
from harness import check, equal


def test(place):
    server = harness.Com2net('usb:demo-icestick,name=ice', 'usb:demo-loop', place.listen, ports=1)
    host, iceprog = place.at(server.port), harness.need('iceprog')
    place.other = net2usb.installed()
    listed = place.run('list', host)
    check('named ice' in listed, f'list: {listed}')
    said = place.run('run', host, 'ice', '--', iceprog, '-t')
    check('flash ID: 0x20 0xBA 0x16 0x10' in said, f'run: {said}')
    said = place.run('run', '--strict', host, '--', iceprog, '-t')
    check('flash ID: 0x20 0xBA 0x16 0x10' in said, f'run --strict: {said}')
    said = place.run('run', host, 'usb:demo-loop', '--', iceprog, '-t', status=2)
    check("Can't find iCE FTDI USB device" in said, f'only what is selected: {said}')
    place.run('run', host, '--', '/bin/sh', '-c', 'exit 7', status=7)
    said = place.run('doctor', host, '--', iceprog)
    check('it loads libusb-0.1.so.4 by way of libftdi.so.1, which run replaces' in said, said)
    said = place.run('attach', host, 'ice', status=1)
    check('net2usb run needs n' in said, f'attach: {said}')
    equal(server.stop(), 0, 'the server ends')


places.run(test, nobody=True)
