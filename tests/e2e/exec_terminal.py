#!/usr/bin/python3
"""On a terminal Ctrl-C, and the terminal's end, end net2pty also where no COMMAND gets them: while it
connects, and while it waits for the last bytes. What the user has ignored stays so for COMMAND.
A COMMAND whose front is killed is asked to end."""

import os
import pty
import select
import signal

import clock
import harness
from harness import check, equal


class Job:
    """A program in the foreground of a terminal, as a shell starts it."""

    def __init__(self, *argv):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            job = os.fork()
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            if job == 0:
                os.setpgid(0, 0)
                os.tcsetpgrp(0, os.getpid())
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                os.execvp(argv[0], argv)
            status = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
            os.write(1, b'status %d.\n' % status)
            os._exit(0)
        self.out = b''
        harness.at_end(self.close)

    def close(self):
        if self.terminal >= 0:
            os.close(self.terminal)
            os.waitpid(self.pid, 0)
        self.terminal = -1

    def says(self, text, timeout=harness.PATIENCE):
        limit = clock.Limit(timeout)
        while text not in self.out:
            check(limit.left(), f'it says {text}; it said: {self.out.decode()}')
            if select.select([self.terminal], [], [], 0.05)[0]:
                self.out += os.read(self.terminal, 4096)

    def press(self, keys):
        os.write(self.terminal, keys)


def main():
    harness.need_machine('seccomp_notification', 'ptrace')
    net2pty = harness.under_test('net2pty', 'client')
    link = harness.temp('tty')

    job = Job(net2pty, link, '127.0.0.1:1', '--', 'true')
    job.says(b'trying again')
    job.press(b'\x03')
    job.says(b'status 143.')
    check(not os.path.lexists(link), 'the link is gone')

    job = Job(net2pty, link, '127.0.0.1:1', '--', 'true')
    job.says(b'trying again')
    job.close()
    harness.eventually(lambda: not os.path.lexists(link), 'it ends with its terminal', 5)

    # the process in front is half a second late: the other one is made, and has its link, before
    late = [harness.need('strace'), '-o', '/dev/null', '-e', 'inject=clone,clone3,fork:delay_exit=500000']
    job = Job(*late, net2pty, link, '127.0.0.1:1', '--', 'true')
    job.says(b'trying again')
    job.press(b'\x03')
    job.says(b'status 143.')
    check(not os.path.lexists(link), 'the link is gone')

    # nobody is left to tell the status of a command whose front was killed
    program = harness.Program([net2pty, link, '127.0.0.1:1', '--', 'true'])
    program.says('trying again')
    program.kill()
    harness.eventually(lambda: not os.path.lexists(link), 'it ends with its front', 5)

    server = harness.Com2net('loop:', '0')
    program = harness.Program([net2pty, link, f'127.0.0.1:{server.port}', '--', 'sh', '-c',
                               'trap "echo asked; exit" TERM; echo here; while :; do sleep 0.1; done'])
    program.says('^here')
    program.kill()
    harness.eventually(lambda: 'asked' in program.log(), 'the command is asked to end', 5)
    harness.eventually(lambda: not os.path.lexists(link), 'and its net2pty ends', 5)
    server.kill()

    server = harness.Com2net('loop:', '0')
    server.expected = True
    where = f'127.0.0.1:{server.port}'
    job = Job(net2pty, link, where, '--', 'sh', '-c',
              f'exec 3>{link}; kill -9 {server.pid}; sleep 0.2; echo lost >&3; echo written; exit 3')
    job.says(b'written')
    clock.sleep(0.2)
    job.press(b'\x03')
    job.says(b'status 143.', 5)
    check(not os.path.lexists(link), 'the link is gone')

    server = harness.Com2net('loop:', '0')
    script = ('import os, signal, sys\n'
              'sys.exit(8 if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else 1)')
    program = harness.Program(['nohup', net2pty, link, f'127.0.0.1:{server.port}', '--',
                               '/usr/bin/python3', '-c', script])
    program.expected = True
    equal(program.wait(), 8, 'SIGHUP is ignored in a command behind nohup')


harness.run(main)
