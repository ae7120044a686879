"""A program that uses libusb-1.0 for long, on the library that its argument names, and does as its
input says; each line is answered by one:

    devices          the VID:PIDs of a new list
    open VID:PID     keeps it open, claimed; its configuration
    control          GET_STATUS of the open device: the bytes, or an error
    detach           DFU_DETACH to it
    write N          N bytes to bulk endpoint 2 of it, one each
    events MS        handles events so long; hotplug callbacks that came: +VID:PID, -VID:PID
    close
    fork             goes on in a child, as daemons do; its parent waits for the end
    quit             ends without closing anything
"""

import ctypes
import os
import sys
import time

usb = ctypes.CDLL(sys.argv[1])
P = ctypes.c_void_p
usb.libusb_get_device_list.restype = ctypes.c_ssize_t
usb.libusb_error_name.restype = ctypes.c_char_p
ARRIVED, LEFT, ANY = 1, 2, -1


class Descriptor(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint8 if name[0] == 'b' else ctypes.c_uint16) for name in (
        'bLength', 'bType', 'usb', 'bClass', 'bSubClass', 'bProtocol', 'bMaxPacket0', 'vendor',
        'product', 'release', 'b1', 'b2', 'b3', 'bConfigurations')]


class Timeval(ctypes.Structure):
    _fields_ = [('seconds', ctypes.c_long), ('us', ctypes.c_long)]


def ids(device):
    d = Descriptor()
    usb.libusb_get_device_descriptor(P(device), ctypes.byref(d))
    return f'{d.vendor:04x}:{d.product:04x}'


def check(result):
    if result < 0:
        raise OSError(usb.libusb_error_name(result).decode())
    return result


context, handle, heard = P(), P(), []
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, P, P, ctypes.c_int, P)


@CALLBACK
def on_hotplug(_context, device, event, _data):
    heard.append(('+' if event == ARRIVED else '-') + ids(device))
    return 0


def each():
    found = ctypes.POINTER(P)()
    count = check(usb.libusb_get_device_list(context, ctypes.byref(found)))
    try:
        yield from (found[i] for i in range(count))
    finally:
        usb.libusb_free_device_list(found, 1)


def do(word, *rest):
    if word == 'devices':
        return ' '.join(sorted(ids(device) for device in each()))
    if word == 'open':
        for device in each():
            if ids(device) == rest[0]:
                check(usb.libusb_open(P(device), ctypes.byref(handle)))
                claimed = usb.libusb_claim_interface(handle, 0)
                if claimed < 0:
                    usb.libusb_close(handle)
                check(claimed)
                return 'open'
        raise OSError('no such device')
    if word == 'control':
        data = (ctypes.c_uint8 * 2)()
        check(usb.libusb_control_transfer(handle, 0x80, 0, 0, 0, data, 2, 1000))
        return bytes(data).hex()
    if word == 'detach':
        check(usb.libusb_control_transfer(handle, 0x21, 0, 1000, 0, None, 0, 1000))
        return 'detached'
    if word == 'write':
        sent = ctypes.c_int()
        for i in range(int(rest[0])):
            check(usb.libusb_bulk_transfer(handle, 2, bytes([i & 255]), 1, ctypes.byref(sent), 1000))
        return 'written'
    if word == 'events':
        until = time.monotonic() + int(rest[0]) / 1000
        heard.clear()
        while time.monotonic() < until:
            step = Timeval(0, 20000)
            check(usb.libusb_handle_events_timeout(context, ctypes.byref(step)))
        return ' '.join(heard)
    if word == 'fork':
        child = os.fork()
        if child:
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        return 'forked'
    if word == 'close':
        usb.libusb_close(handle)
        return 'closed'
    raise OSError(f'what is {word}?')


check(usb.libusb_init(ctypes.byref(context)))
check(usb.libusb_hotplug_register_callback(context, ARRIVED | LEFT, 0, ANY, ANY, ANY, on_hotplug,
                                           None, None))
for line in sys.stdin:
    if line.strip() == 'quit':
        sys.exit(0)  # and the library's destructor runs
    try:
        print(do(*line.split()), flush=True)
    except OSError as error:
        print(error, flush=True)
os._exit(1)
