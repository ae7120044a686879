#!/usr/bin/python3
"""The recording in README is what packaging/demo shows today."""

import html
import os
import re
import subprocess

import harness
from harness import check

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    build = os.path.join(TOP, 'build', 'com2net')
    if not os.path.exists(build) or not os.path.samefile(build, harness.under_test('com2net', 'server')):
        harness.skip('the demo shows the programs of build/, and others are under test')
    harness.need('iceprog')
    run = subprocess.run([os.path.join(TOP, 'packaging', 'demo-recording'), '--text'], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    check(run.returncode == 0, f'the demo runs: {run.stdout}')
    with open(os.path.join(TOP, 'packaging', 'doc', 'demo.svg'), encoding='utf-8') as f:
        shown = [html.unescape(line) for line in re.findall(r'<text [^>]*>(.*)</text>', f.read())]
    now = [line for line in run.stdout.split('\n') if line]
    different = [f'- {a}\n+ {b}' for a, b in zip(shown, now) if a != b]
    check(len(shown) == len(now) and not different,
          'packaging/doc/demo.svg is of another day, make it again by packaging/demo-recording:\n' + '\n'.join(different))


harness.run(main)
