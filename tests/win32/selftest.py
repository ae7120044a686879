#!/usr/bin/python3
"""What people with a real Windows are to run finds nothing here that is not as it should be; nor does it
take a machine for good where the port is another one."""

import os
import shutil

import harness
import setups
import wine
from harness import check, equal


def selftest(folder, *words):
    """In the folder, where com2net.exe is: its status, and its report."""
    batch = os.path.join(folder, 'go.cmd')
    with open(batch, 'w', encoding='ascii') as f:
        f.write(f'@cd /d {windows(folder)}\r\n@call selftest.cmd {" ".join(words)}\r\n@exit %ERRORLEVEL%\r\n')
    status, said = wine.run('cmd', '/c', windows(batch), lines=True)
    with open(os.path.join(folder, 'com2net-selftest.txt'), encoding='utf-8', errors='replace') as f:
        report = f.read().replace('\r', '')
    return status, said, report


def windows(path):
    return 'Z:' + path.replace('/', '\\')


def main():
    contents = os.path.join(os.path.dirname(wine.EXE), 'packaging', 'windows', f'com2net-{setups.version()}')
    folder = harness.temp('unpacked')
    shutil.copytree(contents, folder)
    port = wine.Port('COM3', lines=True)
    other = wine.Exe('loop:', '0')
    status, said, report = selftest(folder, 'COM3', 'quiet')
    for name in ('program', 'list', 'list-same', 'list-port', 'publish', 'status', 'list-taken', 'doctor', 'usb-list',
                 'usb-doctor'):
        check(f'\nok   {name}: ' in report, f'{name}: {report}')
    equal(status, 0, f'{said}\n{report}')
    check('\n0 failed\n' in report and 'selftest: listening on' in report, f'{said}\n{report}')
    check('\ntype net2usb run windows:37240 -- COMMAND' in report, f'what net2usb doctor has told: {report}')
    check(other.running(), 'another com2net runs on')
    left = [line for _, line in wine.processes() if 'name=selftest' in line]
    equal(left, [], 'nothing of it is left')
    del port

    wine.point('COM5', None)
    status, said, report = selftest(folder, 'COM77', 'quiet')
    check(status == 1 and 'FAIL list-port' in report and '\n2 failed\n' in report, f'{said}\n{report}')


harness.run(main)
