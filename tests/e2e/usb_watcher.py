"""A program that uses libusb-1.0 for long, on the library that its argument names, and does as its
input says; each line is answered by one:

    devices          the VID:PIDs of a new list
    places           VID:PID=BUS-PORTS:ADDRESS for all of a new list, in its order, with /N behind it for
                     N parents
    strings VID:PID  bMaxPacketSize0 and the numbers of the three strings, as they are told before it is
                     opened, and then what these numbers are strings of, with - for none
    open VID:PID     keeps it open, claimed; its configuration
    control          GET_STATUS of the open device: the bytes, or an error
    detach           DFU_DETACH to it
    write N          N bytes to bulk endpoint 2 of it, one each
    bulk EP N MS     a transfer of N bytes of endpoint EP (hexadecimal) with a timeout: the result,
                     the bytes moved, and those that were read
    interrupt EP N MS, isochronous EP N MS, likewise; the last is one packet
    request SETUP N  a control transfer of these 8 bytes (hexadecimal) with a buffer of N bytes behind
                     them: its status and the bytes moved
    alternate N      sets it of interface 0
    reset            libusb_reset_device
    speeds           VID:PID=N for all of a new list
    events MS        handles events so long; hotplug callbacks that came: +VID:PID, -VID:PID
    close
    reopen           closes it and opens it again: how many ms it was closed
    keep             references to all devices of a new list, which are never given back
    exit             ends the context, and has none from then on
    files            what its descriptors are, besides the usual three, such as socket
    fork             goes on in a child, as daemons do; its parent waits for the end
    exec             becomes another program: what it has of these files
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
for name in 'libusb_alloc_transfer', 'libusb_get_device', 'libusb_ref_device', 'libusb_get_parent':
    getattr(usb, name).restype = P
ARRIVED, LEFT, ANY = 1, 2, -1


class Descriptor(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint8 if name[0] == 'b' else ctypes.c_uint16) for name in (
        'bLength', 'bType', 'usb', 'bClass', 'bSubClass', 'bProtocol', 'bMaxPacket0', 'vendor',
        'product', 'release', 'b1', 'b2', 'b3', 'bConfigurations')]


class Timeval(ctypes.Structure):
    _fields_ = [('seconds', ctypes.c_long), ('us', ctypes.c_long)]


class Transfer(ctypes.Structure):
    _fields_ = [('handle', P), ('flags', ctypes.c_uint8), ('endpoint', ctypes.c_uint8),
                ('type', ctypes.c_uint8), ('timeout', ctypes.c_uint), ('status', ctypes.c_int),
                ('length', ctypes.c_int), ('actual', ctypes.c_int), ('callback', P), ('user_data', P),
                ('buffer', P), ('packets', ctypes.c_int), ('packet_length', ctypes.c_uint),
                ('packet_actual', ctypes.c_uint), ('packet_status', ctypes.c_int)]


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


def strings(device):
    d, opened, said = Descriptor(), P(), []
    usb.libusb_get_device_descriptor(P(device), ctypes.byref(d))
    numbers = d.b1, d.b2, d.b3
    check(usb.libusb_open(P(device), ctypes.byref(opened)))
    for number in numbers:
        text = ctypes.create_string_buffer(256)
        n = usb.libusb_get_string_descriptor_ascii(opened, number, text, 256) if number else 0
        said.append(usb.libusb_error_name(n).decode() if n < 0 else text.value.decode() or '-')
    usb.libusb_close(opened)
    return ' '.join([f'{d.bMaxPacket0}', *(f'{number}' for number in numbers), *said])


def place(device):
    ports = (ctypes.c_uint8 * 7)()
    count = check(usb.libusb_get_port_numbers(P(device), ports, 7))
    parents, parent = 0, usb.libusb_get_parent(P(device))
    while parent:
        d = Descriptor()
        usb.libusb_get_device_descriptor(P(parent), ctypes.byref(d))
        assert d.bClass == 9 and usb.libusb_open(P(parent), ctypes.byref(P())) < 0
        parents, parent = parents + 1, usb.libusb_get_parent(P(parent))
    path = '.'.join(str(port) for port in ports[:count])
    return (f'{ids(device)}={usb.libusb_get_bus_number(P(device))}-{path}'
            f':{usb.libusb_get_device_address(P(device))}/{parents}')


def transfer(call, endpoint, count, ms):
    data = ctypes.create_string_buffer(count)
    moved = ctypes.c_int()
    r = call(handle, endpoint, data, count, ctypes.byref(moved), ms)
    got = f' {data.raw[:moved.value].hex()}' if endpoint & 0x80 and moved.value else ''
    return f'{usb.libusb_error_name(r).decode().split()[0]} {moved.value}{got}'


FINISHED = ctypes.CFUNCTYPE(None, P)
finished = []


@FINISHED
def on_finished(_transfer):
    finished.append(True)


def finish(t, at, data):
    t.handle, t.length = handle, len(data)
    t.callback = ctypes.cast(on_finished, P)
    t.buffer = ctypes.cast(data, P)
    finished.clear()
    check(usb.libusb_submit_transfer(P(at)))
    while not finished:
        check(usb.libusb_handle_events(context))


def isochronous(endpoint, count, ms):
    data = ctypes.create_string_buffer(count)
    at = usb.libusb_alloc_transfer(1)
    t = Transfer.from_address(at)
    t.endpoint, t.type, t.timeout, t.packets, t.packet_length = endpoint, 1, ms, 1, count
    finish(t, at, data)
    said = f'status {t.status} {t.packet_actual}'
    usb.libusb_free_transfer(P(at))
    return said


def request(setup, count):
    data = ctypes.create_string_buffer(bytes.fromhex(setup), 8 + int(count))
    at = usb.libusb_alloc_transfer(0)
    t = Transfer.from_address(at)
    t.type, t.timeout = 0, 5000
    finish(t, at, data)
    said = f'status {t.status} {t.actual}'
    usb.libusb_free_transfer(P(at))
    return said


# also a program of its own, for exec
FILES = '''
import os
def kind(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}").replace("anon_inode:", "").strip("[]").split(":")[0]
    except OSError:  # what the list was read from
        return ""
kinds = [kind(fd) for fd in os.listdir("/proc/self/fd") if int(fd) > 2]
'''


def files():
    found = {}
    exec(FILES, found)
    return ' '.join(sorted(k for k in found['kinds'] if k))


def do(word, *rest):
    if word == 'devices':
        return ' '.join(sorted(ids(device) for device in each()))
    if word == 'places':
        return ' '.join(place(d) for d in each())
    if word == 'strings':
        return strings(next(device for device in each() if ids(device) == rest[0]))
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
    if word in ('bulk', 'interrupt', 'isochronous'):
        endpoint, numbers = int(rest[0], 16), [int(number) for number in rest[1:]]
        if word == 'isochronous':
            return isochronous(endpoint, *numbers)
        return transfer(getattr(usb, f'libusb_{word}_transfer'), endpoint, *numbers)
    if word == 'request':
        return request(*rest)
    if word == 'alternate':
        check(usb.libusb_set_interface_alt_setting(handle, 0, int(rest[0])))
        return 'set'
    if word == 'reset':
        check(usb.libusb_reset_device(handle))
        return 'reset'
    if word == 'speeds':
        return ' '.join(sorted(f'{ids(d)}={usb.libusb_get_device_speed(P(d))}' for d in each()))
    if word == 'reopen':
        begin, device = time.monotonic(), usb.libusb_ref_device(P(usb.libusb_get_device(handle)))
        usb.libusb_close(handle)
        opened = usb.libusb_open(P(device), ctypes.byref(handle))
        took = time.monotonic() - begin
        usb.libusb_unref_device(P(device))
        check(opened)
        check(usb.libusb_claim_interface(handle, 0))
        return f'{took * 1000:.0f}'
    if word == 'keep':
        for device in each():
            usb.libusb_ref_device(P(device))
        return 'kept'
    if word == 'exit':
        usb.libusb_exit(context)
        return 'no context'
    if word == 'files':
        return files()
    if word == 'exec':
        os.execv(sys.executable, [sys.executable, '-I', '-S', '-c',
                                  FILES + 'print(" ".join(sorted(k for k in kinds if k)), flush=True)'])
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
