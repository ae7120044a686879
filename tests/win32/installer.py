#!/usr/bin/python3
"""The zip and the installer have the program and every licence; a silent install works, with a
service, and a silent uninstall leaves nothing."""

import os
import zipfile

import harness
import setups
import wine
from harness import check, equal, eventually
from setups import files_in


def check_zip(version):
    with zipfile.ZipFile(setups.package('-windows-x64.zip')) as archive:
        equal(archive.testzip(), None, 'what is broken in the zip')
        names = {name for name in archive.namelist() if not name.endswith('/')}
        equal(names, {f'com2net-{version}/{name}' for name in setups.FILES}, 'files in the zip')
        text = archive.read(f'com2net-{version}/licenses/libusb.txt').decode()
        check('LESSER GENERAL PUBLIC LICENSE' in text, "libusb's licence")
        archive.extractall(harness.temp())
    unpacked = harness.temp(f'com2net-{version}/com2net.exe')
    equal(wine.run(unpacked, '--version'), (0, f'com2net {version}\n'), 'the zip\'s program')
    unpacked = harness.temp(f'com2net-{version}/net2usb.exe')
    equal(wine.run(unpacked, '--version'), (0, f'net2usb {version}\n'), 'the zip\'s other program')


def check_entry(version):
    """What Windows shows of it in its list of programs."""
    equal(setups.registered('DisplayVersion'), version, 'its version')
    equal(setups.registered('Publisher'), 'the com2net authors', 'its publisher')
    equal(setups.registered('DisplayIcon'), r'C:\Program Files\com2net\com2net.exe', 'its icon')
    check(500 < int(setups.registered('EstimatedSize'), 0) < 50000, 'its size, in kilobytes')


def main():
    setups.clean()
    version = setups.version()
    check_zip(version)

    folder = os.path.join(setups.PROGRAM_FILES, 'com2net')
    before = files_in(setups.MENU)
    path = setups.registered('PATH', setups.ENVIRONMENT)
    equal(setups.setup(), 0, 'status of the installer')
    equal(files_in(folder), setups.INSTALLED, 'files installed')
    check_entry(version)
    check(files_in(setups.MENU) > before, 'it is in the start menu')
    # a new terminal has it
    status, said = wine.run('cmd', '/c', 'com2net', '--version')
    equal((status, said), (0, f'com2net {version}\n'), 'it is on the PATH')
    status, said = wine.run('cmd', '/c', 'net2usb', '--version')
    equal((status, said), (0, f'net2usb {version}\n'), 'so is the other program')

    program = r'C:\Program Files\com2net\com2net.exe'
    log = harness.temp('log.txt')
    status, said = wine.run(program, 'service', 'install', '--', '--log-file', 'Z:' + log, 'loop:',
                            '0')
    equal(status, 0, f'service install: {said}')
    equal(wine.run(program, 'service', 'start')[0], 0, 'service start')
    said = wine.run(program, 'service', 'status')[1]
    check('"C:\\Program Files\\com2net\\com2net.exe" service run -- ' in said, said)

    # once more over the running service, as a new version would come
    equal(setups.setup(), 0, 'status of the installer')
    check('running' in wine.run(program, 'service', 'status')[1], 'the service runs again')
    equal(files_in(folder), setups.INSTALLED, 'nothing else is there')

    equal(wine.run(r'C:\Program Files\com2net\uninstall.exe', '/S')[0], 0, 'status of uninstall')
    # it goes on in a copy of itself
    eventually(lambda: not os.path.exists(folder), 'its folder is gone', 30)
    eventually(lambda: setups.registered('DisplayName') is None, 'its key is gone', 30)
    equal(wine.run('reg', 'query', setups.SERVICE_KEY)[0], 1, 'the service is gone')
    equal(files_in(setups.MENU), before, 'the start menu')
    equal(setups.registered('PATH', setups.ENVIRONMENT), path, 'the PATH')


harness.run(main)
