#!/usr/bin/python3
"""The tarball of a static build: it works where it is unpacked, and equal builds give equal ones."""

import os
import subprocess
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))

import harness  # noqa: E402
from harness import check, equal  # noqa: E402

BUILD = os.path.dirname(os.environ['COM2NET'])


def tarball(folder, build=BUILD, status=0):
    done = subprocess.run([f'{harness.TREE}/packaging/tarball', build, 'amd64', folder], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=harness.LIMIT, check=False)
    equal(done.returncode, status, done.stdout)
    return done.stdout.strip()


def without_tar():
    """A tar that does not know the options, as busybox's, is an error, and leaves nothing."""
    os.mkdir(harness.temp('path'))
    with open(harness.temp('path/tar'), 'w', encoding='ascii') as f:
        f.write('#!/bin/sh\necho "tar: unrecognized option" >&2\nexit 1\n')
    os.chmod(harness.temp('path/tar'), 0o755)
    path = os.environ['PATH']
    os.environ['PATH'] = f'{harness.temp("path")}:{path}'
    check('unrecognized option' in tarball(harness.temp('four'), status=1), 'told')
    os.environ['PATH'] = path
    equal(os.listdir(harness.temp('four')), [], 'no half of one')


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def main():
    path = tarball(harness.temp('one'))
    os.umask(0o077)
    check(read(path) == read(tarball(harness.temp('two'))), 'the same twice, whatever the umask')
    with tarfile.open(path) as tar:
        for member in tar.getmembers():
            equal((member.uid, member.gid, member.mode & 0o755 in (0o755, 0o644)), (0, 0, True), member.name)
        tar.extractall(harness.temp('there'))
    top = os.path.join(harness.temp('there'), os.path.basename(path)[:-len('.tar.gz')])
    for program in 'com2net', 'net2pty', 'net2usb':
        said = subprocess.run([f'{top}/bin/{program}', '--version'], capture_output=True, text=True, check=True).stdout
        check(said.startswith(f'{program} '), said)
    said = subprocess.run([f'{top}/bin/net2usb', 'env', 'HOST'], capture_output=True, text=True, check=True).stdout
    check(f'{top}/lib/net2usb/libusb-1.0.so.0' in said, said)
    for name in 'man/man1/com2net.1', 'doc/com2net/licenses/libusb.txt', 'doc/com2net/licenses/musl.txt':
        check(os.path.exists(f'{top}/share/{name}'), name)
    check('cmake --preset static' in tarball(harness.temp('three'), '/nowhere/build-static', 1), 'no build')
    without_tar()


harness.run(main)
