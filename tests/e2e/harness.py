"""What the end-to-end scripts share: programs with their logs, PTY devices, Telnet by hand.

A script imports this, defines main() and ends with harness.run(main). It exits 0 when main()
returns, 77 after skip(why), 1 otherwise, and then prints the log of every program it started.
The programs under test are named by COM2NET, NET2PTY and NET2USB, else looked for in the build directory.
"""

import errno
import faulthandler
import fcntl
import importlib
import os
import random
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback
import tty

sys.dont_write_bytecode = True

import clock  # noqa: E402
import machine  # noqa: E402

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = 30  # seconds of clock.py that one waits for what comes at once on an idle machine
LIMIT = 600  # seconds that any script may take

ALL_BYTES = bytes(range(256))
# All values, in an order that a lost or doubled chunk of any round size disturbs.
BULK = b''.join(bytes((value * 7 + block) & 255 for value in range(257))
                for block in range(1021))[:256 * 1024]

_programs = []
_at_end = []
_temp = None


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def skip(why):
    raise Skipped(why)


def check(condition, what):
    """An assertion that says what was expected."""
    if not condition:
        raise Failed(what)


def equal(got, wanted, what):
    if got != wanted:
        raise Failed(f'{what}: got {shorten(got)}, wanted {shorten(wanted)}')


def shorten(value):
    text = repr(value)
    return text if len(text) < 200 else f'{text[:150]}... ({len(value)} long)'


def temp(name=''):
    """A path in the directory that the end of the script removes."""
    global _temp
    if _temp is None:
        _temp = tempfile.mkdtemp(prefix='com2net-e2e.')
    return os.path.join(_temp, name)


def absent(what, command='packaging/install-packages tests'):
    """Something is missing that COMMAND brings: the script is skipped, or fails where the environment
    has CI=true. tests/absent is this for shell scripts."""
    why = f'no {what}: {command}'
    if os.environ.get('CI') == 'true':
        raise Failed(why)
    skip(why)


# where the package has another name than the program
PACKAGES = {
    'busybox': 'busybox-static', 'cc': 'gcc', 'env': 'coreutils', 'gensiot': 'gensio-bin',
    'go': 'golang-go', 'iceprog': 'fpga-icestorm', 'ip': 'iproute2', 'ldd': 'libc-bin',
    'lsusb': 'usbutils', 'musl-gcc': 'musl-tools', 'nc': 'netcat-openbsd', 'node': 'nodejs',
    'openFPGALoader': 'openfpgaloader', 'setcap': 'libcap2-bin', 'setpriv': 'util-linux',
    'timeout': 'coreutils', 'unshare': 'util-linux', 'usbhid-dump': 'usbutils',
    'x86_64-w64-mingw32-objdump': 'binutils-mingw-w64-x86-64',
}


def need(program):
    """The path of a foreign program, which the tests' packages bring."""
    found = shutil.which(program, path=machine.PATH)
    if not found:
        absent(f'{program} (package {PACKAGES.get(program, program)})')
    return found


def need_npm(package):
    """The folder of a package of npm. Where npm's registry is not to be reached, which
    packaging/install-packages finds out, it is skipped in any case."""
    folder = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'),
                          'com2net-tests/npm/node_modules', package)
    if not os.path.isdir(folder):
        skip(f'no package {package} of npm: packaging/install-packages tests, where npm is to be reached')
    return folder


def need_module(name, package):
    try:
        return importlib.import_module(name)
    except ImportError:
        absent(f'Python module {name} (package {package})')


def need_serial():
    need_module('serial.rfc2217', 'python3-serial')
    return sys.modules['serial']


def need_machine(*names):
    """What the machine has to be able to do, see machine.py; the script is skipped where it cannot."""
    for name in names:
        why = machine.refusal(name)
        if why:
            skip(why)


def built(path, command='cmake -B build && cmake --build build'):
    """A file of the build folder."""
    if not os.path.isfile(path):
        absent(path, command)
    return path


def under_test(name, folder):
    path = os.environ.get(name.upper())
    if not path:
        for place in f'build/{folder}/{name}', f'build/{name}':
            if os.access(os.path.join(TREE, place), os.X_OK):
                path = os.path.join(TREE, place)
                break
    built(path or name)
    if 'COM2NET_WINE' in os.environ:
        need('wine')
    return path


def eventually(condition, what, timeout=PATIENCE, every=0.01):
    """Waits until condition() gives something true, and returns that. Limits are in clock.py's time:
    what the machine is late does not count."""
    limit = clock.Limit(timeout)
    while True:
        value = condition()
        if value:
            return value
        if not limit.left():
            raise Failed(f'{what}: not within {timeout} s')
        time.sleep(every)


class Program:
    """A program whose standard output and error go to one file."""

    def __init__(self, argv, stdin=subprocess.DEVNULL, out=None, **options):
        self.argv = [str(a) for a in argv]
        self.name = os.path.basename(self.argv[0])
        self.path = temp(f'{len(_programs)}-{self.name}.log')
        with open(self.path, 'wb') as log:
            self.process = subprocess.Popen(self.argv, stdin=stdin, stdout=log if out is None else out,
                                            stderr=subprocess.STDOUT, **options)
        self.pid = self.process.pid
        self.expected = False  # to end with something else than 0
        _programs.append(self)

    def log(self):
        with open(self.path, errors='replace') as f:
            return f.read()

    def says(self, pattern, timeout=PATIENCE):
        """Waits for a line that matches, and returns the match."""
        def look():
            ended = self.process.poll()
            found = re.search(pattern, self.log(), re.MULTILINE)
            if not found and ended is not None:
                raise Failed(f'{self.name} ended with {ended} before it said "{pattern}"')
            return found
        return eventually(look, f'{self.name} says "{pattern}"', timeout)

    def wait(self, timeout=PATIENCE):
        eventually(lambda: not self.running(), f'{self.name} ends', timeout)
        return self.process.returncode

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=5):
        """Ends it; returns its status."""
        if self.process.poll() is None:
            self.send_signal(number)
        return self.wait(timeout)

    def kill(self):
        self.expected = True
        self.process.kill()
        self.process.wait()

    def running(self):
        return self.process.poll() is None


def fails(argv, timeout=PATIENCE):
    """Runs a program that has to fail by itself; what it said."""
    program = Program(argv)
    program.expected = True
    status = program.wait(timeout)
    check(status != 0, f'{program.name} ends with an error')
    check(status > 0, f'{program.name} died by signal {-status}')
    return program.log()


class Com2net(Program):
    """The server, waited for until it listens on everything."""

    def __init__(self, *arguments, ports=None, **options):
        super().__init__([under_test('com2net', 'server'), *arguments], **options)
        count = ports or max(1, sum(1 for a in arguments if not str(a).startswith('-')) // 2)

        def look():
            if not self.running():
                raise Failed(f'com2net ended with {self.process.returncode}')
            found = re.findall(r'listening on \S*:(\d+)', self.log())
            return [int(port) for port in found] if len(found) >= count else None
        self.ports = eventually(look, f'com2net listens on {count} ports')
        self.port = self.ports[0]

    def send_signal(self, number):
        # tests/win32/as_com2net: Wine makes a Ctrl-C of SIGINT, and dies of SIGTERM
        if number == signal.SIGTERM and 'COM2NET_WINE' in os.environ:
            number = signal.SIGINT
        super().send_signal(number)


class Net2pty(Program):
    """The client. link() waits until the link is there."""

    def __init__(self, *arguments, ready=True, **options):
        super().__init__([under_test('net2pty', 'client'), *arguments], **options)
        self.link = str(next(a for a in arguments if not str(a).startswith('-'))).split(',')[0]
        if ready:
            self.ready()

    def ready(self, timeout=PATIENCE):
        def look():
            if not self.running():
                raise Failed(f'net2pty ended with {self.process.returncode}')
            return os.path.exists(self.link)
        eventually(look, 'the link appears', timeout)
        return self.link


    def status(self):
        return subprocess.run([self.argv[0], '--status', self.link], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=LIMIT).stdout

    def received(self):
        """How many bytes have come from the server."""
        return int(re.search(r'^received: (\d+) bytes', self.status(), re.MULTILINE).group(1))

    def reset(self):
        """net2pty reset LINK: its exit status and what it says."""
        asked = subprocess.run([self.argv[0], 'reset', self.link], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, timeout=LIMIT)
        return asked.returncode, asked.stdout


class Relay(Program):
    """A slow network in front of a port; .port is its near end."""

    def __init__(self, port, delay_ms, jitter_ms):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'relay.py')
        super().__init__([sys.executable, script, port, delay_ms, jitter_ms])
        self.port = int(self.says(r'relay listens on \S*:(\d+)').group(1))


def opened(client):
    """Waits until net2pty is connected and has noticed that its link is open; before, what the
    device sends is dropped."""
    def look():
        status = client.status()
        return 'state: connected' in status and 'has it open' in status
    eventually(look, 'net2pty is connected and has noticed the open link')


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


def same(got, wanted, what):
    """Compares bulk data, and says where it differs."""
    if got == wanted:
        return
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
    raise Failed(f'{what}: {len(got)} bytes, wanted {len(wanted)}; differs at {at}: '
                 f'{got[at:at + 8].hex(" ")} instead of {wanted[at:at + 8].hex(" ")}')


def free_port():
    """For a program that cannot choose one itself: below those that Linux gives to connections, and
    to whoever else binds port 0 meanwhile."""
    while True:
        port = random.randrange(10240, 32768)
        with socket.socket() as s:
            try:
                s.bind(('127.0.0.1', port))
                return port
            except OSError:
                pass  # somebody has it


def listens(port):
    """Whether somebody listens on the port; it is not disturbed by a connection."""
    for table in '/proc/net/tcp', '/proc/net/tcp6':
        if not os.path.exists(table):
            continue
        with open(table) as f:
            for line in f:
                words = line.split()
                if words[1].endswith(f':{port:04X}') and words[3] == '0A':
                    return True
    return False


def connect(port, host='127.0.0.1'):
    sock = socket.create_connection((host, port), PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def bridge(*options):
    """A PTY device, com2net that publishes it, and net2pty with a link to it, connected."""
    device = Device()
    server = Com2net(device.path, '0')
    client = Net2pty(*options, temp('tty'), f'127.0.0.1:{server.port}')
    return device, server, client


class Terminal(Program):
    """A program that wants a terminal, on one of its own (not a Program's log, but the screen)."""

    def __init__(self, argv, env=None):
        self.fd, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 25, 80, 0, 0))
        super().__init__(argv, stdin=slave, preexec_fn=self._take_terminal, out=slave,
                         env=dict(os.environ, TERM='vt100', HOME=temp(), LC_ALL='C', **(env or {})))
        os.close(slave)
        os.set_blocking(self.fd, False)
        self.screen = b''

    @staticmethod
    def _take_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def type(self, data):
        os.write(self.fd, data)

    def shows(self, pattern, timeout=PATIENCE):
        """Waits until what the program has printed so far matches."""
        def look():
            self.screen += read_some(self.fd, 0.05)
            return re.search(pattern, self.screen)
        try:
            return eventually(look, f'{self.name} shows {pattern}', timeout)
        except Failed as failed:
            raise Failed(f'{failed}; it shows {shorten(self.screen[-400:])}') from None

    def log(self):
        return self.screen.decode(errors='replace')


def ser2net(device, *, accepter='telnet(rfc2217),tcp', options=''):
    """A ser2net that publishes one device; .port says where."""
    path, port = need('ser2net'), free_port()
    config = temp(f'ser2net-{port}.yaml')
    with open(config, 'w') as f:
        f.write(f'%YAML 1.1\n---\nconnection: &test\n  accepter: {accepter},127.0.0.1,{port}\n'
                f'  connector: serialdev,{device},9600n81,local\n{options}')
    program = Program([path, '-n', '-u', '-c', config])
    eventually(lambda: listens(port), 'ser2net listens')
    program.port = port
    return program


# --- Telnet and RFC 2217 by hand ------------------------------------------------------------

IAC, DONT, DO, WONT, WILL, SB, GA, AYT, BRK, DM, NOP, SE = (
    255, 254, 253, 252, 251, 250, 249, 246, 243, 242, 241, 240)
BINARY, ECHO, SGA, COMPORT = 0, 1, 3, 44

(SIGNATURE, BAUD, SIZE, PARITY, STOP, CONTROL, LINESTATE, MODEMSTATE, SUSPEND, RESUME,
 LINESTATE_MASK, MODEMSTATE_MASK, PURGE) = range(13)

OFFERS = bytes((IAC, WILL, COMPORT, IAC, WILL, BINARY, IAC, DO, BINARY, IAC, WILL, SGA,
                IAC, DO, SGA, IAC, DO, ECHO))


def escaped(data):
    return bytes(data).replace(b'\xff', b'\xff\xff')


def subnegotiation(code, payload=b''):
    return bytes((IAC, SB, COMPORT, code)) + escaped(payload) + bytes((IAC, SE))


def u32(value):
    return struct.pack('>I', value)


class Peer:
    """A Telnet peer made of a socket: data, negotiations and messages are kept apart.

    It answers nothing by itself; as a 2217 client it offers everything at once, as ours does."""

    def __init__(self, port_or_socket, offers=OFFERS, host='127.0.0.1'):
        if isinstance(port_or_socket, int):
            self.sock = connect(port_or_socket, host)
        else:
            self.sock = port_or_socket
        self.data = bytearray()
        self.negotiated = []  # (verb, option)
        self.commands = []    # IAC x
        self.messages = []    # (code, payload)
        self.closed = None    # "end" or "reset"
        self.rest = b''
        if offers:
            self.send(offers)

    def send(self, data):
        self.sock.sendall(data)

    def say(self, code, payload=b''):
        self.send(subnegotiation(code, payload))

    def receive(self, seconds):
        """Takes what comes first within the time; false if nothing came."""
        if self.closed or not select.select([self.sock], [], [], max(0, seconds))[0]:
            return False
        try:
            more = self.sock.recv(65536)
        except ConnectionResetError:
            self.closed = 'reset'
            return False
        if not more:
            self.closed = 'end'
            return False
        self._parse(self.rest + more)
        return True

    def until(self, condition, what, timeout=PATIENCE):
        limit = clock.Limit(timeout)
        while True:
            value = condition()
            if value:
                return value
            if self.closed:
                raise Failed(f'{what}: connection closed ({self.closed})')
            if not limit.left():
                raise Failed(f'{what}: not within {timeout} s; negotiated {self.negotiated}, '
                             f'messages {self.messages}, data {shorten(bytes(self.data))}')
            self.receive(limit.nap())

    def settle(self, seconds=0.3):
        """Takes everything until nothing came for a while."""
        while self.receive(seconds):
            pass

    def agreed(self, timeout=PATIENCE):
        """Waits for the server's consent to COM-PORT."""
        self.until(lambda: (DO, COMPORT) in self.negotiated, 'the server says DO COM-PORT', timeout)
        return self

    def ask(self, code, payload=b'', timeout=PATIENCE):
        """Says a command and returns the payload of its answer."""
        before = len(self.messages)
        self.say(code, payload)

        def look():
            return next(((p,) for c, p in self.messages[before:] if c == code + 100), None)
        return self.until(look, f'the answer to command {code}', timeout)[0]

    def ask_value(self, code, value, timeout=PATIENCE):
        payload = u32(value) if code == BAUD else bytes((value,))
        return int.from_bytes(self.ask(code, payload, timeout), 'big')

    def read(self, count, timeout=PATIENCE):
        self.until(lambda: len(self.data) >= count, f'{count} bytes of data', timeout)
        got, self.data = bytes(self.data[:count]), self.data[count:]
        return got

    def ended(self, timeout=PATIENCE):
        """Waits for the end of the connection."""
        limit = clock.Limit(timeout)
        while not self.closed:
            if not limit.left():
                raise Failed(f'the connection is closed: not within {timeout} s')
            self.receive(limit.nap())
        return self.closed

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends the connection the hard way."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.sock.close()

    def _parse(self, raw):
        i = 0
        while i < len(raw):
            at = raw.find(IAC, i)
            if at < 0:
                at = len(raw)
            self.data += raw[i:at]
            used = self._command(raw[at:])
            if used == 0:
                self.rest = raw[at:]
                return
            i = at + used
        self.rest = b''

    def _command(self, raw):
        """How many bytes the command at the beginning takes; 0 when it is not complete."""
        if len(raw) < 2:
            return 0
        verb = raw[1]
        if verb == IAC:
            self.data.append(IAC)
            return 2
        if verb in (WILL, WONT, DO, DONT):
            if len(raw) < 3:
                return 0
            self.negotiated.append((verb, raw[2]))
            return 3
        if verb != SB:
            self.commands.append(verb)
            return 2
        i = 2
        while True:
            i = raw.find(IAC, i)
            if i < 0 or i + 1 >= len(raw):
                return 0
            if raw[i + 1] == SE:
                break
            i += 2
        body = raw[2:i].replace(b'\xff\xff', b'\xff')
        if body[:1] == bytes((COMPORT,)) and len(body) > 1:
            self.messages.append((body[1], bytes(body[2:])))
        return i + 2


def next_client(port, patience=PATIENCE, every=0.05, **options):
    """A client that the port serves. One that comes while another has it is told so, and comes again."""
    def served():
        peer = Peer(port, **options)
        try:
            peer.ask_value(BAUD, 0)
            return peer
        except OSError:  # the server has closed
            pass
        except Failed:
            if not peer.closed:
                raise
        peer.close()
        return None
    return eventually(served, 'the next client is served', patience, every)


class FarPort:
    """A loop: port of com2net, and from watch() on somebody who sees what becomes of it."""

    def __init__(self, listen='127.0.0.1:0', options=''):
        self.server = Com2net('-v', f'loop:,observers{options}', listen)
        self.port = self.server.port
        self.watcher = None

    def watch(self):
        """Only one who comes after net2pty is an observer."""
        self.server.says('speaks RFC 2217')
        self.watcher = Peer(self.port).agreed()
        self.watcher.settle(0.1)
        self.watcher.messages.clear()

    def run(self, place, link, *command, **options):
        """Has net2pty run the command at a place, watched from its beginning to its end; its log."""
        gate = temp(f'gate-{place.name}-{self.port}')
        program = place.start([link, place.at(self.port), '--', 'sh', '-c',
                               'echo waiting; until [ -e "$0" ]; do sleep 0.01; done; exec "$@"',
                               gate, *command])
        program.says('^waiting')
        self.watch()
        open(gate, 'w').close()
        place.ended(program, **options)
        self.server.says('gone: ')
        return program.log()

    def settings(self):
        """Such as 57600 7E2."""
        baud, size, parity, stop = (self.watcher.ask_value(code, 0)
                                    for code in (BAUD, SIZE, PARITY, STOP))
        return f'{baud} {size}{"?NOEMS"[parity]}{stop}'

    def lines(self):
        """Such as DTR RTS."""
        return ' '.join(name for name, ask, on in (('DTR', 7, 8), ('RTS', 10, 11))
                        if self.watcher.ask_value(CONTROL, ask) == on)

    def changes(self):
        """The states that the lines went through, as above: the loop has RTS at CTS, DTR at DSR."""
        self.watcher.ask_value(BAUD, 0)  # what came before it is here now
        return [' '.join(name for name, bit in (('DTR', 32), ('RTS', 16)) if payload[0] & bit)
                for code, payload in self.watcher.messages if code == 100 + MODEMSTATE]

    def breaks(self):
        """How many the loop has brought back; observers are not told of them."""
        return len(re.findall('< NOTIFY-LINESTATE .*break', self.server.log()))


# --- running a script -----------------------------------------------------------------------

def _kill_all_of(pid):
    """A process and what it has started: behind net2pty that does not end with it."""
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as f:
            children = [int(word) for word in f.read().split()]
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        _kill_all_of(child)


def at_end(function):
    """Has a function called at the end of the script, after all programs, however it ends."""
    _at_end.append(function)


def _stop_all():
    """Ends every program; complaints about how ours ended."""
    complaints = []
    for program in reversed(_programs):
        if program.running():
            program.send_signal(signal.SIGCONT)
            program.send_signal(signal.SIGTERM)
    for program in reversed(_programs):
        ours = isinstance(program, (Com2net, Net2pty))
        try:
            status = program.wait(5)
        except Failed:
            _kill_all_of(program.pid)
            program.process.wait()
            status = None
        if ours and not program.expected and status != 0:
            complaints.append(f'{program.name} {"did not stop" if status is None else f"ended with {status}"}')
        if re.search(r'Sanitizer|runtime error:|Assertion .* failed', program.log()):
            complaints.append(f'{program.name}: a sanitizer or an assertion spoke')
    return complaints


def _print_logs():
    for program in _programs:
        print(f'--- {" ".join(program.argv)}')
        print(program.log()[-6000:].rstrip())


def run(main):
    """Runs a script's main and ends the process."""
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    status, why = 0, None
    try:
        main()
    except Skipped as skipped:
        status, why = 77, f'skip: {skipped}'
    except Failed as failed:
        place = traceback.extract_tb(failed.__traceback__)
        lines = [f for f in place if f.filename == os.path.abspath(sys.argv[0])]
        where = f' (line {lines[-1].lineno})' if lines else ''
        status, why = 1, f'FAILED: {failed}{where}'
    except BaseException:  # a traceback is all one needs then
        status, why = 1, traceback.format_exc()
    complaints = _stop_all()
    for function in _at_end:
        function()
    if status == 0 and complaints:
        status, why = 1, 'FAILED: ' + '; '.join(complaints)
    if status == 1:
        _print_logs()
    if why:
        print(why)
    sys.stdout.flush()
    sys.stderr.flush()
    if _temp:
        shutil.rmtree(_temp, ignore_errors=True)
    os._exit(status)  # pyserial's threads may not hold us up
