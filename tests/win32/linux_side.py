#!/usr/bin/python3
"""The programs for Linux in the zip: from a folder of Windows's, whose name has a space, they reach what
com2net.exe publishes; those for arm64 are such programs."""

import os
import shutil
import subprocess
import zipfile

import harness
import setups
import wine
from harness import check, equal

# by ELF's e_machine
MACHINES = {'amd64': 62, 'arm64': 183}

TALK = '''
import os, sys, termios
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
settings = termios.tcgetattr(port)
settings[0:2] = [0, 0]
settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL | termios.PARENB
settings[3] = 0
settings[4] = settings[5] = termios.B57600
termios.tcsetattr(port, termios.TCSANOW, settings)
os.write(port, b'through Windows')
answer = b''
while len(answer) < 15:
    answer += os.read(port, 15)
print(answer.decode(), 'with parity' if termios.tcgetattr(port)[2] & termios.PARENB else 'without')
'''


def unpack():
    with zipfile.ZipFile(setups.package('-windows-x64.zip')) as archive:
        archive.extractall(harness.temp())
    folder = os.path.join(os.path.dirname(harness.temp('x')), 'Program Files')
    shutil.move(harness.temp(f'com2net-{setups.version()}/linux'), folder)
    # as a drive of Windows's is mounted: everything may be executed
    for at, _, names in os.walk(folder):
        for name in names:
            os.chmod(os.path.join(at, name), 0o777)
    return folder


def machine(path):
    with open(path, 'rb') as f:
        head = f.read(20)
    check(head.startswith(b'\x7fELF'), path)
    return int.from_bytes(head[18:20], 'little')


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=harness.LIMIT, check=False)
    equal(done.returncode, 0, f'{words}: {done.stdout}')
    return done.stdout


def main():
    folder = unpack()
    for platform, number in MACHINES.items():
        for at, _, names in os.walk(os.path.join(folder, platform)):
            for name in names:
                if not name.endswith('.py'):
                    equal(machine(os.path.join(at, name)), number, os.path.join(at, name))

    bin_folder = os.path.join(folder, next(name for name in MACHINES if MACHINES[name] == machine('/proc/self/exe')), 'bin')
    server = wine.Exe('loop:', '0', 'usb:demo-icestick,name=ice', '0')
    link = harness.temp('ttyS5')
    for how in 'seccomp', 'preload':
        said = run(f'{bin_folder}/net2pty', f'--lines={how}', link, f'127.0.0.1:{server.ports[0]}', '--',
                   'python3', '-c', TALK, link)
        check('through Windows with parity' in said, f'{how}: {said}')
    said = run(f'{bin_folder}/net2usb', 'run', f'127.0.0.1:{server.ports[1]}', 'ice', '--', harness.need('iceprog'), '-t')
    check('flash ID: 0x' in said, said)


harness.run(main)
