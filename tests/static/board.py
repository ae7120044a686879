#!/usr/bin/python3
"""packaging/docker/board, with podman in docker's place: an image that knows nothing of us gets boards and
serial ports, as nobody and without capabilities."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))

import engine  # noqa: E402
import harness  # noqa: E402
from harness import check, equal  # noqa: E402

BUILD = os.path.dirname(os.environ['COM2NET'])
BOARD = f'{harness.TREE}/packaging/docker/board'
LOADER = '/lib/ld-musl-x86_64.so.1'

# Alpine's sh is a program of musl, from which `net2usb run` knows the C library; Debian has a static one only
SHELL = r'''
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    char line[1000], *words[20];

    while (fgets(line, sizeof line, stdin)) {
        int count = 0;
        for (char *word = strtok(line, " \n"); word && count < 19; word = strtok(NULL, " \n"))
            words[count++] = word;
        words[count] = NULL;
        if (count > 0 && fork() == 0)
            _exit(execvp(words[0], words));
        wait(NULL);
    }
    return 0;
}
'''


def programs():
    """As the tarball has them."""
    folder = harness.temp('programs')
    subprocess.run(['cmake', '--install', BUILD, '--prefix', folder, '--strip'], check=True, stdout=subprocess.DEVNULL)
    for at, _, _ in os.walk(folder):
        os.chmod(at, 0o755)
    return folder


def image():
    """One with busybox and a program of libusb, by musl, as Alpine's are."""
    compiler, busybox = harness.need('musl-gcc'), harness.need('busybox')
    harness.need('buildah')
    tool = harness.temp('usbtool')
    subprocess.run([compiler, '-O2', '-o', tool, f'{harness.TREE}/tests/vm/usbtool.c', '-I/usr/include/libusb-1.0',
                    f'-L{BUILD}/lib/net2usb/musl', '-l:libusb-1.0.so.0'], check=True)
    with open(harness.temp('Containerfile'), 'w', encoding='ascii') as f:
        f.write('FROM scratch\nCOPY usbtool busybox /bin/\nCOPY ld-musl-x86_64.so.1 /lib/\n')
    subprocess.run(['cp', '-L', busybox, LOADER, harness.temp('')], check=True)
    with open(harness.temp('sh.c'), 'w', encoding='ascii') as f:
        f.write(SHELL)
    subprocess.run([compiler, '-O2', '-o', harness.temp('sh'), harness.temp('sh.c')], check=True)
    with open(harness.temp('Containerfile'), 'a', encoding='ascii') as f:
        f.write('COPY sh /bin/\n')
    subprocess.run(engine.podman('build', '-q', '--isolation', 'chroot', '-t', 'tools', '-f', harness.temp('Containerfile'),
                                 harness.temp('')), env=engine.environment(), check=True, stdout=subprocess.DEVNULL)
    return 'localhost/tools'


def docker():
    """The command docker, as this machine has it."""
    folder = harness.temp('path')
    os.mkdir(folder)
    with open(f'{folder}/docker', 'w', encoding='ascii') as f:
        f.write(f'#!/bin/sh\nexec {" ".join(engine.podman())} "$@"\n')
    os.chmod(f'{folder}/docker', 0o755)
    return f'{folder}:{os.environ["PATH"]}'


def board(*words, status=0, stdin='', **environment):
    done = subprocess.run([BOARD, *words], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=harness.LIMIT, check=False, cwd=harness.temp(''), env={
                              **engine.environment(), 'PATH': PATH,
                              'BOARD_OPTIONS': '--network=host --ulimit host --user 65534 --cap-drop ALL', **environment})
    equal(done.returncode, status, f'board {words}: {done.stdout}')
    return done.stdout


def test():
    os.chmod(harness.temp(''), 0o755)  # which is /src there, for nobody
    here, tools = ('--programs', programs()), image()
    server = harness.Com2net('-v', 'usb:demo-loop,name=loop', '0', 'loop:', '0')
    usb, port = (f'127.0.0.1:{number}' for number in server.ports)
    there = (*here, '--host', usb)
    check('named loop' in board(*there, 'list', BOARD_IMAGE=tools), 'list')
    check('ok: bytes of it' in board(*there, 'use', 'loop', tools, '/bin/usbtool', '1209', '0001'), 'use')
    check('ok: bytes of it' in board(*there, 'run', tools, '/bin/usbtool', '1209', '0001'), 'run')
    said = board(*there, 'shell', tools, 'loop', stdin='/bin/busybox pwd\n/bin/usbtool 1209 0001\n')
    check(said.startswith('/src\n') and 'ok: bytes of it' in said, said)
    said = board(*there, 'use', 'ice', tools, '/bin/usbtool', '1209', '0001', status=125)
    check('ice' in said and 'loop' in said, f'a board that is not there: {said}')
    with open(harness.temp('firmware'), 'w', encoding='ascii') as f:
        f.write('hello')
    said = board(*here, '--host', '127.0.0.1', 'tty', port.split(':')[1], tools, '/bin/busybox', 'sh', '-c',
                 'exec <>/dev/shm/ttyS5; busybox stty raw -echo 57600 parenb; busybox cat firmware >&0 && busybox head -c 5; '
                 'busybox stty -a'.replace('busybox', '/bin/busybox'))
    check('hello' in said and '57600' in said, said)
    check('SET-PARITY even' in server.log(), server.log())
    server.stop()

    for words, said in (((), 'board VERB'), (('--host',), '--host needs'), (('--nonsense',), 'board --help'),
                        (('frob',), 'list, shell, use, run and tty'), (('use', 'ice', 'IMAGE'), 'board use ice IMAGE'),
                        (('tty', '7000'), 'board tty 7000 IMAGE'), (('shell',), 'board shell IMAGE')):
        check(said in board(*(here if words and not words[0].startswith('-') else ()), *words, status=2), words)
    check('unpacked tarball' in board('--programs', '/nowhere', 'list', status=2), 'no programs')
    said = board(*here, '--dry-run', 'run', 'an image', 'a b', "it's")
    check(said.startswith('docker run --network=host') and said.endswith(
        " 'an image' /com2net/bin/net2usb run host -- 'a b' 'it'\\''s'\n"), said)


engine.begin()
PATH = docker()
harness.run(test)
