#!/usr/bin/python3
"""A crash is told in the log, with the place, and is Windows's to report."""

import os
import subprocess

import harness
import wine
from harness import check, eventually

ACCESS_VIOLATION = 0xc0000005


def main():
    log = harness.temp('log.txt')
    program = subprocess.Popen(wine.command(os.environ['CRASH_EXE'], wine.EXE, '--log-file', 'Z:' + log,
                                            'loop:', '0'),
                               env=wine.environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: os.path.exists(log) and 'listening on' in open(log, encoding='utf-8').read(),
                   'it listens', 60)
        program.stdin.write(b'\n')
        program.stdin.flush()
        status = program.wait(timeout=180)
    finally:
        program.kill()
    with open(log, encoding='utf-8') as f:
        said = f.read()
    check('error: a crash, exception 0xc0000005 at com2net.exe+0x0: please report it' in said, said)
    check(status == ACCESS_VIOLATION & 0xff, f'it ends with the exception, not {status}')


harness.run(main)
