#!/usr/bin/python3
"""The end of a COMMAND, and of what it has left behind, does not hang up what else is in its process
group while something there is stopped, as the kernel does to a group that has lost its last parent
in the session."""

import harness
from harness import equal

JOB = '''
sleep 60 & kill -STOP $!
"$@"; status=$?
sleep 0.5; echo status $status; kill -KILL $!
'''


def main():
    harness.need_machine('seccomp_notification')
    server = harness.Com2net('loop:', '0')
    net2pty = harness.under_test('net2pty', 'client')
    for command in 'exit 5', 'sleep 0.1 & exit 5':
        job = harness.Program(['sh', '-c', JOB, 'job', net2pty, harness.temp('tty'),
                               f'127.0.0.1:{server.port}', '--', 'sh', '-c', command],
                              start_new_session=True)
        job.expected = True
        equal(job.wait(), 0, f'status of a job around: {command}')
        job.says('^status 5')


harness.run(main)
