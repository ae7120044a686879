"""Terminals: a PTY that stands for a device, a link as a program opens it, bytes and settings through either."""

import errno
import fcntl
import os
import select
import struct
import termios
import time
import tty

import clock
from checks import PATIENCE, Failed, check, shorten


class Device:
    """A PTY whose slave, `path`, stands for a serial port; this end is the thing connected."""

    def __init__(self):
        self.fd, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        os.set_blocking(self.fd, False)

    def write(self, data, timeout=PATIENCE):
        limit = clock.Limit(timeout)
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.fd, view[:4096]):]
            except BlockingIOError:
                check(limit.left(), 'the device gets its bytes out')
                select.select([], [self.fd], [], 0.1)

    def read(self, count, timeout=PATIENCE):
        return read_exactly(self.fd, count, timeout, 'device')

    def quiet(self, seconds=0.3):
        return read_some(self.fd, seconds)

    def settings(self):
        return settings_of(self.fd)

    def close(self):
        os.close(self.fd)
        os.close(self.slave)



def carry(device, reader, data):
    """What a reader gets of a device that is as fast as it is: however late the machine is, it loses nothing."""
    got = b''
    for at in range(0, len(data), 65536):
        piece = data[at:at + 65536]
        device.write(piece, 60)
        got += reader.read(len(piece), 60)
    return got


class Settings:
    """The struct termios2 of a tty, read through any end of it."""

    def __init__(self, raw):
        self.iflag, self.oflag, self.cflag, self.lflag = struct.unpack_from('=IIII', raw)
        self.ispeed, self.speed = struct.unpack_from('=II', raw, 36)

    @property
    def two_stop_bits(self):
        return bool(self.cflag & termios.CSTOPB)

    @property
    def rtscts(self):
        return bool(self.cflag & termios.CRTSCTS)

    @property
    def xonxoff(self):
        return bool(self.iflag & termios.IXON)


def settings_of(fd):
    tcgets2 = 0x802C542A
    return Settings(fcntl.ioctl(fd, tcgets2, bytes(44)))


def read_some(fd, seconds):
    """What comes within the time."""
    got, deadline = b'', time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return got
        try:
            more = os.read(fd, 65536)
        except BlockingIOError:
            continue
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return got
        if not more:
            return got
        got += more


def read_exactly(fd, count, timeout, who):
    got, limit = bytearray(), clock.Limit(timeout)
    while len(got) < count:
        if not limit.left():
            raise Failed(f'{who}: {len(got)} of {count} bytes within {timeout} s: {shorten(bytes(got))}')
        if not select.select([fd], [], [], limit.nap())[0]:
            continue
        try:
            more = os.read(fd, count - len(got))
        except BlockingIOError:
            continue
        if not more:
            raise Failed(f'{who}: closed after {len(got)} of {count} bytes')
        got += more
    return bytes(got)


def open_link(path, raw=True):
    """Opens a link as a program would that wants bytes; a descriptor that does not block."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    if raw:
        tty.setraw(fd, termios.TCSANOW)
    return fd


def pump(fd_out, data, fd_in, count, timeout=60):
    """Writes `data` to one descriptor while it reads `count` bytes from another (or the same)."""
    view, got, limit = memoryview(data), bytearray(), clock.Limit(timeout)
    os.set_blocking(fd_out, False)
    os.set_blocking(fd_in, False)
    while view or len(got) < count:
        if not limit.left():
            raise Failed(f'{len(got)} of {count} bytes came, {len(view)} are unsent after {timeout} s')
        readable, writable, _ = select.select([fd_in] if len(got) < count else [],
                                              [fd_out] if view else [], [], 0.5)
        if readable:
            more = os.read(fd_in, 65536)
            check(more, 'the other end stays')
            got += more
        if writable:
            try:
                view = view[os.write(fd_out, view[:4096]):]
            except BlockingIOError:
                pass
    return bytes(got)
