#!/usr/bin/python3
"""What it says: --help and --version, UTF-8 arguments, a log file, the firewall's hint."""

import os

import harness
import wine
from harness import check, equal


def main():
    status, help_text = wine.run(wine.EXE, '--help')
    equal(status, 0, 'status of --help')
    native = os.path.join(os.path.dirname(os.environ['NET2PTY']), 'com2net')
    check(help_text.startswith('usage: com2net'), help_text)
    if os.path.exists(native):
        ours = harness.subprocess.run([native, '--help'], stdout=harness.subprocess.PIPE, text=True)
        equal(help_text, ours.stdout, '--help, here and there')

    log = harness.temp('Protokoll-äöü-日本.txt')
    program = harness.Program(wine.command(wine.EXE, '--log-file', 'Z:' + log,
                                           'loop:,name=Groesse', '0.0.0.0:0'),
                              env=wine.environment())
    program.expected = True

    def text():
        if not os.path.exists(log):
            return ''
        with open(log, encoding='utf-8') as f:
            return f.read()
    harness.eventually(lambda: 'Groesse: listening on 0.0.0.0:' in text(), 'the log has it')
    check('netsh advfirewall firewall add rule name=com2net' in text(), f'a hint: {text()}')
    check(program.log() == '', f'nothing elsewhere: {program.log()}')
    equal(program.stop(harness.signal.SIGINT), 0, 'status')

    server = wine.Exe('loop:', '0')
    check('netsh' not in server.log(), 'no hint for this machine alone')


harness.run(main)
