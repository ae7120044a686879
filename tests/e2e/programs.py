"""Programs with their logs: ours, those beside them, and ports for them."""

import fcntl
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import termios

from checks import LIMIT, PATIENCE, Failed, check, eventually, shorten, temp
from needs import need, under_test
from ttys import Device, read_some

started = []  # all of them, in order


class Program:
    """A program whose standard output and error go to one file."""

    def __init__(self, argv, stdin=subprocess.DEVNULL, out=None, **options):
        self.argv = [str(a) for a in argv]
        self.name = os.path.basename(self.argv[0])
        self.path = temp(f'{len(started)}-{self.name}.log')
        with open(self.path, 'wb') as log:
            self.process = subprocess.Popen(self.argv, stdin=stdin, stdout=log if out is None else out,
                                            stderr=subprocess.STDOUT, **options)
        self.pid = self.process.pid
        self.expected = False  # to end with something else than 0
        started.append(self)

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

    def tells(self):
        """Waits until it can be asked for its state; before, it has warned of others with the same device."""
        def look():
            with open('/proc/net/unix') as f:
                return f'@com2net-{self.pid}-' in f.read()
        eventually(look, 'com2net can be asked')
        return self

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
