"""Root file systems of our own for static programs, in namespaces of our own: nothing of this machine is
there but what a script puts in, and its network is a loopback that nobody else has.

A script imports this, and calls enter() before harness.run(main)."""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))

import harness  # noqa: E402

NAMESPACES = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
INSIDE = 'COM2NET_STATIC_TEST_INSIDE'
LOADERS = {'x86_64': '/lib/ld-musl-x86_64.so.1', 'aarch64': '/lib/ld-musl-aarch64.so.1'}


def enter():
    """Goes on in namespaces; ends the script, skipped, where this machine gives none."""
    if INSIDE in os.environ:
        _set_loopback_up()
        return
    for user in ['--user', '--map-root-user'], []:
        probe = subprocess.run(['unshare', *user, *NAMESPACES, 'true'], capture_output=True, text=True)
        if probe.returncode == 0:
            os.environ[INSIDE] = '1'
            os.execvp('unshare', ['unshare', *user, *NAMESPACES, sys.executable, *sys.argv])
    print(f'skip: this machine gives no namespaces: {probe.stderr.strip()}')
    sys.exit(77)


def _set_loopback_up():
    set_flags, up = 0x8914, 1
    with socket.socket() as s:
        fcntl.ioctl(s, set_flags, struct.pack('16sh', b'lo', up))


class Root:
    """A root file system with our programs in /bin, and, with `system`, /proc and /dev."""

    def __init__(self, name='root', system=False):
        self.path = harness.temp(name)
        self.mounts = []
        os.makedirs(f'{self.path}/bin')
        for program in 'com2net', 'net2pty', 'net2usb':
            self.add(harness.under_test(program, ''), f'/bin/{program}')
        if system:
            self._mount_system()
        harness.at_end(self._unmount)

    def add(self, source, to):
        to = self.path + to
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(source, to)

    def write(self, path, text):
        path = self.path + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(text)

    def _mount(self, *words):
        done = subprocess.run(['mount', *words], capture_output=True, text=True)
        if done.returncode != 0:  # as in containers, whose /proc has covered places
            harness.skip(f'this machine gives no file systems to namespaces: {done.stderr.strip()}')
        self.mounts.append(words[-1])

    def _mount_system(self):
        for folder in 'proc', 'dev':
            os.makedirs(f'{self.path}/{folder}')
        self._mount('-t', 'proc', 'proc', f'{self.path}/proc')
        self._mount('-t', 'tmpfs', 'tmpfs', f'{self.path}/dev')
        os.mkdir(f'{self.path}/dev/pts')
        self._mount('-t', 'devpts', '-o', 'newinstance,ptmxmode=0666', 'devpts', f'{self.path}/dev/pts')
        os.symlink('pts/ptmx', f'{self.path}/dev/ptmx')
        self.write('/dev/null', '')
        self._mount('--bind', '/dev/null', f'{self.path}/dev/null')

    def _unmount(self):
        for path in reversed(self.mounts):
            subprocess.run(['umount', '-l', path])

    def start(self, *words, **options):
        """Starts one of its programs, which is named by its path there."""
        program = harness.Program([shutil.which('chroot', path='/usr/sbin:/sbin:/usr/bin:/bin'),
                                   self.path, *words], env={'PATH': '/bin'}, **options)
        program.name = os.path.basename(words[0])
        return program

    def run(self, *words, status=0, timeout=30):
        """Runs one of them to its end; what it says."""
        program = self.start(*words)
        program.expected = True
        harness.equal(program.wait(timeout), status, f'{words}: {program.log()}')
        return program.log()

    def serve(self, *words):
        """Starts com2net, with port 0; it, and its port."""
        server = self.start('/bin/com2net', '-v', *words)
        return server, int(server.says(r'listening on \S*:(\d+)').group(1))


class Resolver:
    """A name server that knows `names`, as it answers type A with 127.0.0.1."""

    def __init__(self, names, address):
        self.names, self.asked = names, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, who = self.socket.recvfrom(600)
            at, labels = 12, []
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += query[at] + 1
            kind = struct.unpack('>H', query[at + 1:at + 3])[0]
            name = '.'.join(labels).lower()  # whatever the case of letters
            self.asked.append(name)
            known = name in self.names
            answer = b''
            if known and kind == 1:
                answer = b'\xc0\x0c' + struct.pack('>HHIH', 1, 1, 60, 4) + socket.inet_aton('127.0.0.1')
            head = struct.pack('>HHHHH', 0x8180 if known else 0x8183, 1, 1 if answer else 0, 0, 0)
            self.socket.sendto(query[:2] + head + query[12:at + 5] + answer, who)
