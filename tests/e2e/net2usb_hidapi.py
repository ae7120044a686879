#!/usr/bin/python3
"""A program that is linked to libhidapi-hidraw starts where hidapi's other library, libhidapi-libusb, is
not installed, or broken, and is told of it; where it is there, it finds a server's devices."""

import glob
import os
import re
import shutil
import subprocess

import harness
import net2usb
from harness import check, equal

ENTER = 'mount --rbind /proc "$0/proc"; exec chroot "$0" "$@"'
MISSING = 'libhidapi-libusb.so.0 (Debian\'s package libhidapi-libusb0)'


def library(name):
    found = glob.glob(f'/usr/lib/*-linux-gnu*/{name}')
    if not found:
        harness.absent(f'{name} (packages libhidapi-libusb0, libhidapi-hidraw0)')
    return found[0]


class System:
    """A small system: net2usb, a program, and the libraries that they need."""

    def __init__(self):
        self.root = harness.temp('root')
        self.program = harness.temp('hid_program')
        source = os.path.join(harness.TREE, 'tests', 'e2e', 'hid_program.c')
        hidraw = library('libhidapi-hidraw.so.0')
        subprocess.run(['cc', '-Wall', '-Wextra', '-Werror', '-o', self.program, source, hidraw],
                       check=True)
        prefix = os.path.dirname(os.path.dirname(net2usb.installed()))
        for name in 'lib', 'lib64':
            os.makedirs(f'{self.root}/usr/{name}')
            os.symlink(f'usr/{name}', f'{self.root}/{name}')
        self.add(self.program, '/usr/bin/program')
        self.add(f'{prefix}/bin/net2usb', '/usr/bin/net2usb')
        shutil.copytree(f'{prefix}/lib/net2usb', f'{self.root}/usr/lib/net2usb')
        libusb = f'{prefix}/lib/net2usb/libusb-1.0.so.0'
        self.needs(self.program, net2usb.program(), libusb, library('libhidapi-libusb.so.0'))
        os.mkdir(f'{self.root}/proc')

    def add(self, source, to=None):
        to = self.root + (to or source)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(source, to)

    def needs(self, *files):
        for file in files:  # which may be static
            said = subprocess.run(['ldd', file], capture_output=True, text=True).stdout
            for path in re.findall(r'(/\S+) \(0x', said):
                if 'libusb-1.0' not in path:
                    self.add(path)

    def net2usb(self, *words):
        done = subprocess.run([harness.need('unshare'), '--mount', '/bin/sh', '-ec', ENTER, self.root,
                               '/usr/bin/net2usb', *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                              env={'PATH': '/usr/bin:/usr/sbin'})
        equal(done.returncode, 0, f'{words}: {done.stdout}{done.stderr}')
        return done.stdout, done.stderr


def is_without(system, host, how):
    out, err = system.net2usb('run', host, '--', 'program')
    equal(out, 'mouse: none\n', f'it starts when the library is {how}')
    check('/usr/bin/program loads libhidapi-hidraw.so.0' in err and f'install {MISSING}' in err, err)
    check('/hidraw' not in system.net2usb('env', host)[0], f'env, when it is {how}')
    out = system.net2usb('doctor', host, '--', 'program')[0]
    check(f'not to libusb: install {MISSING}' in out, f'doctor, when it is {how}: {out}')


def has_it(system, host):
    equal(system.net2usb('run', host, '--', 'program'), ('mouse: found\n', ''),
          'it finds the mouse')
    check('LD_LIBRARY_PATH=/usr/lib/net2usb:/usr/lib/net2usb/hidraw"' in system.net2usb('env', host)[0],
          'env')
    out = system.net2usb('doctor', host, '--', 'program')[0]
    check('ok   it loads libhidapi-hidraw.so.0, which run replaces' in out, f'doctor: {out}')


def main():
    harness.need_machine('mount_namespace')
    server = harness.Com2net('usb:demo-mouse', '0', ports=1)
    host, system = f'127.0.0.1:{server.port}', System()
    wanted = library('libhidapi-libusb.so.0')
    is_without(system, host, 'not there')
    with open(system.root + wanted, 'w') as f:
        f.write('no library')
    is_without(system, host, 'broken')
    system.add(wanted)
    has_it(system, host)
    equal(server.stop(), 0, 'the server ends')


harness.run(main)
