#!/usr/bin/python3
"""The zip and the installer have the program and every licence; a silent install works, with a
service, and a silent uninstall leaves nothing."""

import os
import zipfile

import harness
import wine
from harness import check, equal, eventually

UNINSTALL = r'HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\com2net'
SERVICE_KEY = r'HKLM\SYSTEM\CurrentControlSet\Services\com2net'
FILES = {'com2net.exe', 'LICENSE.txt', 'windows.md', 'lines.md', 'containers.md', 'raw-usb.md',
         'troubleshooting.md', 'licenses/GPL-3.txt',
         'licenses/RELINKING.txt', 'licenses/libevent.txt', 'licenses/libtelnet.txt',
         'licenses/libusb.txt', 'licenses/mingw-w64.txt'}


def files_in(folder):
    return {os.path.relpath(os.path.join(at, name), folder)
            for at, _, names in os.walk(folder) for name in names}


def main():
    build = os.path.dirname(wine.EXE)
    version = wine.run(wine.EXE, '--version')[1].split()[1]
    command = 'cmake --build build-mingw --target windows_packages'
    packed = harness.built(os.path.join(build, f'com2net-{version}-windows-x64.zip'), command)
    setup = harness.built(os.path.join(build, f'com2net-{version}-setup.exe'), command)
    with zipfile.ZipFile(packed) as archive:
        equal(archive.testzip(), None, 'what is broken in the zip')
        names = {name for name in archive.namelist() if not name.endswith('/')}
        equal(names, {f'com2net-{version}/{name}' for name in FILES}, 'files in the zip')
        text = archive.read(f'com2net-{version}/licenses/libusb.txt').decode()
        check('LESSER GENERAL PUBLIC LICENSE' in text, "libusb's licence")
        archive.extractall(harness.temp())
    unpacked = harness.temp(f'com2net-{version}/com2net.exe')
    equal(wine.run(unpacked, '--version'), (0, f'com2net {version}\n'), 'the zip\'s program')

    drive = os.path.join(wine.PREFIX, 'drive_c')
    folder = os.path.join(drive, 'Program Files', 'com2net')
    menu = os.path.join(drive, 'ProgramData', 'Microsoft', 'Windows', 'Start Menu', 'Programs')
    before = files_in(menu)
    equal(wine.run(setup, '/S')[0], 0, 'status of the installer')
    equal(files_in(folder), FILES | {'uninstall.exe'}, 'files installed')
    check(version in wine.run('reg', 'query', UNINSTALL)[1], 'Windows knows how to uninstall it')
    check(files_in(menu) > before, 'it is in the start menu')

    program = r'C:\Program Files\com2net\com2net.exe'
    log = harness.temp('log.txt')
    status, said = wine.run(program, 'service', 'install', '--', '--log-file', 'Z:' + log, 'loop:',
                            '0')
    equal(status, 0, f'service install: {said}')
    equal(wine.run(program, 'service', 'start')[0], 0, 'service start')
    said = wine.run(program, 'service', 'status')[1]
    check('"C:\\Program Files\\com2net\\com2net.exe" service run -- ' in said, said)

    # once more over the running service, as a new version would come
    equal(wine.run(setup, '/S')[0], 0, 'status of the installer')
    check('running' in wine.run(program, 'service', 'status')[1], 'the service runs again')

    equal(wine.run(r'C:\Program Files\com2net\uninstall.exe', '/S')[0], 0, 'status of uninstall')
    # it goes on in a copy of itself
    eventually(lambda: not os.path.exists(folder), 'its folder is gone', 30)
    eventually(lambda: wine.run('reg', 'query', UNINSTALL)[0] == 1, 'its key is gone', 30)
    equal(wine.run('reg', 'query', SERVICE_KEY)[0], 1, 'the service is gone')
    equal(files_in(menu), before, 'the start menu')


harness.run(main)
