#!/usr/bin/python3
"""The images of packaging/images/build: they run as nobody, without capabilities, with a root that is only
read; other images take programs from them; equal builds give equal images."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))

import engine  # noqa: E402
import harness  # noqa: E402
from harness import check, equal  # noqa: E402

BUILD = os.path.dirname(os.environ['COM2NET'])
PROGRAMS = ('com2net', 'net2pty', 'net2usb')


def build(name):
    folder = harness.temp(name)
    done = subprocess.run([f'{harness.TREE}/packaging/images/build', '--output', folder, f'amd64={BUILD}'],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=harness.LIMIT, check=False)
    equal(done.returncode, 0, done.stdout)
    equal(done.stdout.split(), [f'{folder}/{program}.tar' for program in PROGRAMS], 'what it says')
    return folder


def podman(*words):
    done = subprocess.run(engine.podman(*words), env=engine.environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=harness.LIMIT, check=False)
    return done.returncode, done.stdout


def digest(path):
    listed = subprocess.run(['tar', '-xOf', path, 'index.json'], capture_output=True, text=True, check=True).stdout
    return re.search(r'"digest":"(sha256:\w+)"', listed).group(1)


def run(image, *words, options=()):
    return engine.words(*options, image=image, program=words)


def test():
    harness.need('buildah')
    folder = build('images')
    for program in PROGRAMS:
        equal(digest(f'{folder}/{program}.tar'), digest(f'{build("again")}/{program}.tar'), f'{program} twice')
    names = {}
    for program in PROGRAMS:
        status, said = podman('load', '-q', '-i', f'{folder}/{program}.tar')
        equal(status, 0, said)
        names[program] = re.search(r'(localhost/\S+)', said).group(1)

    server = harness.Program(run(names['com2net'], 'loop:,name=port', '127.0.0.1:0', 'usb:demo-icestick,name=ice',
                                 '127.0.0.1:0'), env=engine.environment())
    port = server.says(r'port: listening on 127\.0\.0\.1:(\d+)').group(1)
    usb = server.says(r'ice: listening on 127\.0\.0\.1:(\d+)').group(1)
    status, said = engine.run([], 'list', f'127.0.0.1:{usb}', image=names['net2usb'])
    check(status == 0 and '0403:6010' in said and 'named ice' in said, said)
    link = harness.Program(run(names['net2pty'], '/run/link/tty', f'127.0.0.1:{port}',
                               options=('--tmpfs', '/run/link:mode=1777')), env=engine.environment())
    link.says('connected to')
    link.stop()
    server.stop()

    # the programs of an image in another one, which knows nothing of us
    with open(harness.temp('Containerfile'), 'w', encoding='ascii') as f:
        f.write(f'FROM scratch\nCOPY --from={names["net2pty"]} / /usr/local/\nCOPY --from={names["net2usb"]} / /usr/local/\n')
    status, said = podman('build', '-q', '--isolation', 'chroot', '-t', 'mine', '-f', harness.temp('Containerfile'), folder)
    equal(status, 0, said)
    for program in 'net2pty', 'net2usb':
        status, said = engine.run([], '--version', image='localhost/mine', options=('--entrypoint', f'/usr/local/bin/{program}'))
        check(status == 0 and said.startswith(program), said)
    status, said = engine.run([], 'env', 'HOST', image='localhost/mine', options=('--entrypoint', '/usr/local/bin/net2usb'))
    check('LD_PRELOAD=/usr/local/lib/net2usb/libusb-1.0.so.0' in said, f'with its libraries: {said}')

    done = subprocess.run([f'{harness.TREE}/packaging/images/build', '--output', folder, 'amd64=/nowhere/build-static'],
                          capture_output=True, text=True, check=False)
    check(done.returncode == 1 and 'cmake --preset static && cmake --build' in done.stderr, done.stderr)


engine.begin()
harness.run(test)
