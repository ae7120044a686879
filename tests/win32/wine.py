"""What the tests of com2net.exe share: Wine with one prefix, COM ports that are PTYs, their lines.

The prefix stands in the build folder ($COM2NET_WINE), and `wine_session start` has made it: COM3 to
COM10 and COM12 are links there, which a Port points at its PTY. COM1 and COM2 are the machine's own.
"""

import contextlib
import ctypes
import mmap
import os
import re
import struct
import subprocess
import sys
import tempfile
import termios

import harness
from harness import check, eventually

FOLDER = os.environ['COM2NET_WINE']
PREFIX = os.path.join(FOLDER, 'prefix')
LINES = os.path.join(FOLDER, 'lines')
REFUSALS = os.path.join(FOLDER, 'refusals')
EVENTS = os.path.join(FOLDER, 'events')
EXE = os.environ['COM2NET_EXE']
NET2USB = os.path.join(os.path.dirname(EXE), 'net2usb.exe')
PORTS = ('COM3', 'COM4', 'COM5', 'COM6', 'COM7', 'COM8', 'COM9', 'COM10', 'COM12')


def _fix_addresses():
    """One start of Wine in some 3000 ends with 1: the kernel has put the loader's heap at random
    where Windows's shared user data have to be (0x7ffe0000). So not at random, for all that is
    started from here; where a container's seccomp refuses that, Wine's error says why."""
    personality = ctypes.CDLL(None).personality
    personality.argtypes, personality.restype = (ctypes.c_ulong,), ctypes.c_int
    query, addr_no_randomize = 0xffffffff, 0x0040000  # linux/personality.h
    now = personality(query)
    if now >= 0:
        personality(now | addr_no_randomize)


_fix_addresses()


def environment(lines=False, native=None):
    """Of a Windows program; with `lines` its PTYs have modem lines and formats. The DLL `native` is that
    beside the program, not Wine's."""
    env = dict(os.environ, WINEPREFIX=PREFIX, WINEDEBUG='-all,err+virtual',
               WINEDLLOVERRIDES='mscoree,mshtml=' + (f';{native}=n' if native else ''))
    env.pop('DISPLAY', None)
    if lines:
        env.update(LD_PRELOAD=os.environ['PTY_LINES_LIBRARY'], PTY_LINES=LINES)
    return env


def command(*argv):
    """What runs a Windows program."""
    return [harness.need('wine'), *map(str, argv)]


def run(*argv, timeout=300, lines=False, native=None):
    """A Windows program to its end: its status, and what it said."""
    # no pipe: the first program of a session starts services, which would keep it open
    with tempfile.TemporaryFile() as out:
        done = subprocess.run(command(*argv), env=environment(lines, native), timeout=timeout,
                              stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        out.seek(0)
        return done.returncode, out.read().decode().replace('\r', '')


def processes():
    """The numbers and command lines of those of the prefix."""
    ours = f'WINEPREFIX={PREFIX}'.encode()
    for pid in map(int, filter(str.isdigit, os.listdir('/proc'))):
        try:
            with open(f'/proc/{pid}/environ', 'rb') as env, open(f'/proc/{pid}/cmdline') as words:
                if ours in env.read().split(b'\0'):
                    yield pid, words.read().replace('\0', ' ').strip()
        except OSError:
            pass  # it has gone, or is somebody else's


def where_errors_go():
    """Of all processes, and what they are told to say, for a check that fails."""
    for pid, name in processes():
        with contextlib.suppress(OSError), open(f'/proc/{pid}/environ') as f:
            debug = re.search(r'WINEDEBUG=([^\0]*)', f.read())
            yield f'{pid} {name}: {os.readlink(f"/proc/{pid}/fd/2")} {debug and debug.group(1)}\n'


def link_of(name):
    return os.path.join(FOLDER, 'ports', name.lower())


def point(name, path):
    link = link_of(name)
    if os.path.lexists(link):
        os.unlink(link)
    if path:
        os.symlink(path, link)


def blank_state(folder, number):
    """What pty_lines.c has of a PTY, all zero; in place, as the wineserver may have it mapped."""
    path = os.path.join(folder, number)
    if not os.path.exists(path):  # a new one is there at once, in full: who maps less ends by SIGBUS
        with open(path + '.new', 'wb') as f:
            f.write(bytes(4096))
        os.rename(path + '.new', path)
    with open(path, 'r+b') as f:
        f.write(bytes(4096))
        f.flush()
        return mmap.mmap(f.fileno(), 4096)


class Port(harness.Device):
    """A PTY that Windows programs open as `name`; with `lines` it has modem lines."""

    def __init__(self, name='COM3', lines=False):
        super().__init__()
        self.name = name
        number = os.path.basename(self.path)
        self.for_server = blank_state(REFUSALS, number)
        if lines:
            self.state = blank_state(LINES, number)
        elif os.path.exists(os.path.join(LINES, number)):
            os.unlink(os.path.join(LINES, number))
        point(name, self.path)

    def refuse(self, how):
        """Lets the wineserver refuse to open it."""
        struct.pack_into('=i', self.for_server, 4 * self.FIELDS.index('refuse'), how)

    @property
    def opens(self):
        """How often a program has opened it, or has tried to."""
        return struct.unpack_from('=i', self.for_server, 4 * self.FIELDS.index('opens'))[0]

    def unplug(self):
        self.close()
        point(self.name, None)

    # of struct state in pty_lines.c
    FIELDS = ('lines', 'brk', 'cts', 'dsr', 'rng', 'dcd', 'format', 'has_format', 'settings',
              'moves', 'broken', 'refuse', 'opens', 'no_watch', 'hangs', 'waits')

    def get(self, field):
        return struct.unpack_from('=i', self.state, 4 * self.FIELDS.index(field))[0]

    def set(self, field, value):
        struct.pack_into('=i', self.state, 4 * self.FIELDS.index(field), value)

    @property
    def outputs(self):
        lines = self.get('lines')
        return ('DTR ' if lines & termios.TIOCM_DTR else '') + \
               ('RTS' if lines & termios.TIOCM_RTS else '')

    def set_inputs(self, **inputs):
        lines = self.get('lines')
        for name, on in inputs.items():
            bit = {'cts': termios.TIOCM_CTS, 'dsr': termios.TIOCM_DSR, 'ri': termios.TIOCM_RNG,
                   'cd': termios.TIOCM_CD}[name]
            field = {'ri': 'rng', 'cd': 'dcd'}.get(name, name)
            lines = lines | bit if on else lines & ~bit
            self.set(field, self.get(field) + 1)
        self.set('lines', lines)


class Exe(harness.Com2net):
    """com2net.exe, waited for until it listens on everything."""

    def __init__(self, *arguments, lines=False, ports=None):
        self.wrapper = arguments
        count = ports or max(1, sum(1 for a in arguments if not str(a).startswith('-')) // 2)
        harness.Program.__init__(self, command(EXE, *arguments), env=environment(lines))
        self.name = 'com2net.exe'

        def look():
            if not self.running():
                raise harness.Failed(f'com2net.exe ended with {self.process.returncode}')
            found = re.findall(r'listening on \S*:(\d+)', self.log())
            return [int(port) for port in found] if len(found) >= count else None
        self.ports = eventually(look, f'com2net.exe listens on {count} ports')
        self.port = self.ports[0]


def refused(*arguments, status=None, lines=False):
    """com2net.exe with arguments that end it by itself: what it says."""
    got, said = run(EXE, *arguments, lines=lines)
    check(got != 0, f'com2net.exe {arguments} ends with an error, but it said {said}')
    if status is not None:
        check(got == status, f'its status is {status}, not {got}: {said}')
    return said


import wine_server  # noqa: E402 (it needs what is above)

if os.path.basename(sys.argv[0]) != 'wine_session':
    wine_server.revive()
