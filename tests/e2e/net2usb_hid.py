#!/usr/bin/python3
"""Programs of HID use com2net's built-in mouse through net2usb, here, as nobody and in containers:
usbhid-dump, and hidapi by either of its libraries."""

import sys

import harness
import net2usb
import places
from harness import check, equal

HIDAPI = '''
import ctypes, sys
hid = ctypes.CDLL(sys.argv[1])
hid.hid_open.restype = ctypes.c_void_p
hid.hid_get_product_string.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_size_t]
hid.hid_read_timeout.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
hid.hid_close.argtypes = [ctypes.c_void_p]
assert hid.hid_init() == 0
mouse = hid.hid_open(0x1209, 6, None)
assert mouse, 'no mouse'
name = ctypes.create_unicode_buffer(64)
assert hid.hid_get_product_string(mouse, name, 64) == 0
print(name.value)
report = ctypes.create_string_buffer(16)
while True:
    count = hid.hid_read_timeout(mouse, report, 16, 1000)
    if count <= 0:
        break
    print(report.raw[:count].hex())
hid.hid_close(mouse)
assert hid.hid_exit() == 0
'''


def test(place):
    server = harness.Com2net('usb:demo-mouse,play=wait 300; move 5 3; click left', place.listen, ports=1)
    script, wanted = harness.temp('hidapi.py'), ['demo mouse', '00050300', '01000000', '00000000']
    with open(script, 'w') as f:
        f.write(HIDAPI)
    place.other = net2usb.installed()

    def run(*words):
        return place.run('run', place.at(server.port), '--', harness.need(words[0]), *words[1:])
    dump = run('usbhid-dump', '-m', '1209:0006', '-e', 'descriptor')
    check('05 01 09 02 A1 01' in dump, f'usbhid-dump: {dump}')
    for name in 'libhidapi-libusb.so.0', 'libhidapi-hidraw.so.0':
        said = run(sys.executable, script, name)
        equal(said.split('\n')[:4], wanted, name)
    said = run('ldd', harness.need('openocd'))
    check('/lib/net2usb/hidraw/libhidapi-hidraw.so.0' in said, f'openocd has it, too: {said}')
    equal(server.stop(), 0, 'the server ends')


places.run(test, nobody=True)
