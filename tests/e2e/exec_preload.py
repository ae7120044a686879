#!/usr/bin/python3
"""The preload library, of which one file serves programs of glibc and of musl: pyserial has a serial
port in full; threads, bad addresses, interrupted and killed waiters likewise. It is what is taken
where another supervisor is there already, and one line says so; a second net2pty inside, and `net2pty
exec`, share the outer one's."""

import os
import shutil
import subprocess

import exec_nested
import exec_pyserial
import exec_static
import harness
from harness import check, equal

LINES = '''
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
int main(int argc, char **argv)
{
    int lines = -1, fd = open(argv[argc - 1], O_RDWR);
    puts(ioctl(fd, TIOCMGET, &lines) == 0 && lines != -1 ? "has lines" : "has none");
    return 0;
}
'''


def main():
    harness.need_machine('seccomp_notification')
    harness.need_serial()
    server = harness.Com2net('loop:', '0', 'loop:', '0', 'loop:', '0', ports=3)
    net2pty = harness.under_test('net2pty', 'client')
    links = [harness.temp(f'tty{i}') for i in range(3)]
    pairs = [[link, f'127.0.0.1:{port}'] for link, port in zip(links, server.ports)]

    def runs(words, status, prefix=()):
        program = harness.Program([*prefix, net2pty, *words])
        program.expected = True
        equal(program.wait(40), status, f'exit status; it said: {program.log()}')
        return program.log()

    python = ['/usr/bin/python3', '-c']
    runs(['--lines=preload', *pairs[0], '--', *python, exec_pyserial.PROGRAM, links[0]], 7)
    # a path ends for the loader at a space
    os.mkdir(harness.temp('a b'))
    library = shutil.copy(os.path.join(os.path.dirname(net2pty), 'client', 'libnet2pty-preload.so'),
                          harness.temp('a b'))
    said = runs(['--lines=preload', *pairs[0], '--', *python, exec_pyserial.PROGRAM, links[0]], 7,
                ['env', f'NET2PTY_PRELOAD={library}'])
    check('LD_PRELOAD' not in said, f'the loader does not complain: {said}')

    source = harness.temp('dynamic.c')
    with open(source, 'w') as f:  # through the C library, which the other test avoids
        f.write(exec_static.SOURCE.replace('syscall(SYS_ioctl, ', 'ioctl('))
    for name in 'gcc', 'musl-gcc':
        program = harness.temp(name)
        subprocess.run([harness.need(name), '-pthread', '-o', program, source], check=True)
        said = runs(['--lines=preload', *pairs[0], '--', program, links[0]], 0)
        check('all is fine' in said, f'{name}: {said}')

    # AddressSanitizer's library would refuse to start behind another one
    program, source = harness.temp('asan'), harness.temp('asan.c')
    with open(source, 'w') as f:
        f.write(LINES)
    subprocess.run([harness.need('gcc'), '-fsanitize=address', '-o', program, source], check=True)
    said = runs(['--lines=preload', *pairs[0], '--', program, links[0]], 0)
    check('has lines' in said, f'AddressSanitizer: {said}')

    # behind a supervisor that cannot be asked
    def alone(name):  # what is inside may outlive it by some milliseconds, and its link with it
        return [net2pty, harness.temp(name), pairs[1][1], '--', 'env', '-u', 'NET2PTY_SOCKET']
    said = runs([*pairs[0], '--', *python, exec_pyserial.PROGRAM, links[0]], 7, alone('outer1'))
    check('dynamically linked programs only' in said and 'another supervisor' in said,
          f'what serves, and why, is said: {said}')
    said = runs(['--lines=seccomp', harness.temp('tty3'), pairs[0][1], '--', 'true'], 125,
                alone('outer2'))
    check('does not work here: another supervisor' in said, f'why not is said: {said}')

    served = harness.Net2pty(*pairs[2])
    runs(['--lines=preload', *pairs[0], '--', net2pty, *pairs[1], '--', net2pty, 'exec', served.link,
          '--', *python, exec_nested.PROGRAM, *links], 13)

    said = runs(['--lines=preload', harness.temp('tty4'), pairs[0][1], '--', 'true'], 125,
                ['env', 'NET2PTY_PRELOAD=/nowhere'])
    check('/nowhere is not there' in said, f'a library that is missing is said: {said}')


if __name__ == '__main__':
    harness.run(main)
