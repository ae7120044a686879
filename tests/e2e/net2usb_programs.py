#!/usr/bin/python3
"""Programs of others use com2net's built-in USB devices through the libraries of net2usb, without a
kernel module, here, as nobody and in containers: lsusb, iceprog, dfu-util, openFPGALoader, openocd,
avrdude and pyusb."""

import os
import re
import sys

import harness
import net2usb
import places
from harness import check, equal

IMAGES = {'hx1k': 32220, 'hx8k': 135100}
OPENOCD = ('adapter driver ftdi; ftdi vid_pid 0x0403 0x6010; ftdi layout_init 0x0008 0x000b; '
           'transport select jtag; adapter speed 1000; jtag newtap a b -irlen 4; init; shutdown')
PYUSB = '''
import sys, usb.core, usb.util, usb.backend.libusb1
backend = usb.backend.libusb1.get_backend(find_library=lambda name: sys.argv[1])
device = usb.core.find(idVendor=0x1209, idProduct=1, backend=backend)
assert device.product == 'USB loopback', device.product
device.set_configuration()
data = bytes(range(256)) * 1000
assert device.write(1, data) == len(data)
assert bytes(device.read(0x81, len(data))) == data, 'bulk'
assert device.write(2, b'interrupt') == 9 and bytes(device.read(0x82, 64)) == b'interrupt'
try:
    device.read(0x81, 64, 200)
    sys.exit('a read of nothing ends')
except usb.core.USBTimeoutError:
    pass
device.write(1, b'and')
assert bytes(device.read(0x81, 64)) == b'and', 'nothing is lost to the read that timed out'
try:
    device.ctrl_transfer(0xc0, 0x77, 0, 0, 1)
    sys.exit('a request that is not there is answered')
except usb.core.USBError as error:
    assert error.errno == 32, error
packets = bytes(range(200)) * 20
assert device.write(3, packets) == len(packets)
assert bytes(device.read(0x83, len(packets))) == packets, 'isochronous'
device.clear_halt(0x81)
device.reset()
device.write(1, b'after')
assert bytes(device.read(0x81, 64)) == b'after', 'a reset'
print('pyusb is content')
'''


def libraries():
    """Copies, where all places see them; and what the programs are given."""
    folder = os.path.join(os.path.dirname(net2usb.installed()), '..', 'lib', 'net2usb')
    if not os.path.exists(harness.temp('pyusb.py')):
        for name, size in IMAGES.items():
            with open(harness.temp(name), 'wb') as f:
                f.write(os.urandom(size))
        with open(harness.temp('pyusb.py'), 'w') as f:
            f.write(PYUSB)
    return folder


def run(place, port, *words, status=0, **variables):
    """Runs a program; what it says."""
    place.other = harness.need('env')
    variables.update(LD_LIBRARY_PATH=libraries(), NET2USB_SERVER=place.at(port), HOME='/tmp')
    return place.run(*(f'{name}={value}' for name, value in variables.items()),
                     harness.need(words[0]), *words[1:], status=status)


def has_lsusb(place, port):
    listed = run(place, port, 'lsusb')
    equal(sorted(re.findall(r'Bus 200 Device \d+: ID (\S+)', listed)),
          ['0403:6001', '0403:6010', '1209:0001', '1209:0004', '1209:0006'], 'lsusb')
    one = run(place, port, 'lsusb', NET2USB_DEVICES='0403:6010')
    equal(re.findall(r'ID (\S+)', one), ['0403:6010'], 'those that are chosen')
    long = run(place, port, 'lsusb', '-v', '-d', '0403:6001')
    # it takes the names of the device from sysfs, and asks for that of the interface
    check(re.search(r'iInterface +2 FT232R', long), f'strings: {long}')
    check(re.search(r'bEndpointAddress +0x81 +EP 1 IN', long), 'endpoints')


def has_iceprog(place, port):
    for variables in {}, {'NET2USB_STRICT': 'yes'}:
        check('flash ID: 0x20 0xBA 0x16 0x10' in run(place, port, 'iceprog', '-t', **variables),
              'the flash is found')
    for name in IMAGES:
        check('VERIFY OK' in run(place, port, 'iceprog', harness.temp(name)), f'{name} is written')
        check('VERIFY OK' in run(place, port, 'iceprog', '-c', harness.temp(name)), 'and is there')
    run(place, port, 'iceprog', '-c', harness.temp('hx1k'), status=3)  # a mismatch
    run(place, port, 'iceprog', '-S', harness.temp('hx1k'))


def has_dfu_util(place, port):
    uploaded = harness.temp(f'uploaded-{place.name}')
    check('Found Runtime: [1209:0004]' in run(place, port, 'dfu-util', '-l'), 'run time')
    # detaches, and finds the device when it has come back as another one
    check('Done!' in run(place, port, 'dfu-util', '-D', harness.temp('hx1k')), 'a download')
    check('Found DFU: [1209:0005]' in run(place, port, 'dfu-util', '-l'), 'DFU mode')
    run(place, port, 'dfu-util', '-U', uploaded)
    with open(uploaded, 'rb') as got, open(harness.temp('hx1k'), 'rb') as wanted:
        check(got.read() == wanted.read(), 'the upload is the download')
    run(place, port, 'dfu-util', '-R', '-D', harness.temp('hx1k'))

    def at_run_time():
        return 'Found Runtime' in run(place, port, 'dfu-util', '-l')
    harness.eventually(at_run_time, 'reset, it is at run time', every=0.3)


def has_others(place, port):
    check('FTDI2232' in run(place, port, 'openFPGALoader', '--scan-usb'), 'openFPGALoader')
    said = run(place, port, 'openocd', '-c', OPENOCD)
    check('JTAG scan chain interrogation failed: all ones' in said, f'openocd: {said}')
    said = run(place, port, 'avrdude', '-c', '2232hio', '-p', 'm328p', status=1)
    check('initialization failed' in said, f'avrdude: {said}')
    said = run(place, port, sys.executable, harness.temp('pyusb.py'),
               os.path.join(libraries(), 'libusb-1.0.so.0'))
    check('pyusb is content' in said, said)


def test(place):
    server = harness.Com2net('usb:demo-icestick', 'usb:demo-dfu', 'usb:demo-ftdi', 'usb:demo-loop',
                             'usb:demo-mouse', place.listen, ports=1)
    for part in has_lsusb, has_iceprog, has_dfu_util, has_others:
        part(place, server.port)
    check(server.running(), 'the server lives')
    equal(server.stop(), 0, 'and ends')


places.run(test, nobody=True)
