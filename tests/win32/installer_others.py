#!/usr/bin/python3
"""The installer where others are, too: their files, their service, a program that runs, a long PATH."""

import os
import shutil

import harness
import setups
import wine
from harness import check, equal, eventually
from setups import files_in

TOOLS = os.path.join(setups.DRIVE, 'Tools')


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def foreign_files_stay():
    write(f'{TOOLS}/licenses/my-licence.key', 'mine')
    write(f'{TOOLS}/LICENSE.txt', 'mine')
    equal(setups.setup(r'/D=C:\Tools'), 0, 'install in a folder of others')
    equal(files_in(f'{TOOLS}/com2net'), setups.INSTALLED, 'it has one of its own')
    write(f'{TOOLS}/com2net/licenses/other.key', 'mine')
    write(f'{TOOLS}/com2net/board.bin', 'mine')
    equal(setups.uninstall(), 0, 'uninstall')
    equal(files_in(TOOLS), {'licenses/my-licence.key', 'LICENSE.txt', 'com2net/licenses/other.key',
                            'com2net/board.bin'}, 'files of others')
    equal(read(f'{TOOLS}/LICENSE.txt'), b'mine', 'what is in them')
    equal(setups.registered('DisplayName'), None, 'it is no longer listed')
    shutil.rmtree(TOOLS)


def an_upgrade_finds_where_it_was():
    equal(setups.setup(r'/D=C:\Tools\com2net'), 0, 'install')
    program = r'C:\Tools\com2net\com2net.exe'
    equal(wine.run(program, 'service', 'install', '--', 'loop:', '0')[0], 0, 'service install')
    equal(wine.run(program, 'service', 'start')[0], 0, 'service start')
    write(f'{TOOLS}/com2net/windows.md', 'an old one')
    equal(setups.setup(), 0, 'upgrade')
    check(read(f'{TOOLS}/com2net/windows.md') != b'an old one', 'the new files are where the old were')
    check(not os.path.exists(f'{setups.PROGRAM_FILES}/com2net'), 'and not elsewhere')
    check('running' in wine.run(program, 'service', 'status')[1], 'the service runs again')
    equal(setups.uninstall(), 0, 'uninstall')
    equal(wine.run('reg', 'query', setups.SERVICE_KEY)[0], 1, 'its service is gone')
    check(not os.path.exists(f'{TOOLS}/com2net'), 'its folder is gone')


def a_service_of_another_folder_is_left_alone():
    os.makedirs(f'{TOOLS}/own')
    shutil.copy(wine.EXE, f'{TOOLS}/own/com2net.exe')
    own = r'C:\Tools\own\com2net.exe'
    equal(wine.run(own, 'service', 'install', '--', 'loop:', '0')[0], 0, 'service install')
    equal(wine.run(own, 'service', 'start')[0], 0, 'service start')
    equal(setups.setup(r'/D=C:\Tools\com2net'), 0, 'install')
    check('running' in wine.run(own, 'service', 'status')[1], 'it runs on')
    equal(setups.uninstall(), 0, 'uninstall')
    check('running' in wine.run(own, 'service', 'status')[1], 'it runs on after an uninstall')
    equal(wine.run(own, 'service', 'uninstall')[0], 0, 'service uninstall')


def a_program_that_runs_is_replaced():
    equal(setups.setup(r'/D=C:\Tools\com2net'), 0, 'install')
    program = f'{TOOLS}/com2net/com2net.exe'
    with open(program, 'ab') as f:
        f.write(b'old')
    old, new = read(program), read(program)[:-3]
    running = harness.Program(wine.command(r'C:\Tools\com2net\com2net.exe', 'loop:', '0'),
                              env=wine.environment())
    running.says('listening on')
    equal(setups.setup(), 0, 'upgrade while it runs')
    equal(read(program), new, 'the new one is there')
    equal([read(f'{TOOLS}/com2net/{name}') for name in files_in(f'{TOOLS}/com2net')
           if name.startswith('com2net-old')], [old], 'the old one has been moved')
    check(running.running(), 'it runs on')
    # so is net2usb.exe
    client = f'{TOOLS}/com2net/net2usb.exe'
    new_client = read(client)
    with open(client, 'ab') as f:
        f.write(b'old')
    waiting = harness.Program(wine.command(r'C:\Tools\com2net\net2usb.exe', 'list', '--wait', 'forever',
                                           f'localhost:{harness.free_port()}'), env=wine.environment())
    waiting.says('waiting for it')
    equal(setups.setup(), 0, 'once more')
    equal(read(client), new_client, 'the new client is there')
    equal(sum(name.startswith('com2net-old') for name in files_in(f'{TOOLS}/com2net')), 2, 'old ones')
    check(waiting.running() and running.running(), 'both run on')

    # REBOOT_REQUIRED: nothing is left but the program that runs
    equal(setups.uninstall(), 3010, 'uninstall while it runs')
    equal([name[:12] for name in files_in(f'{TOOLS}/com2net')], 2 * ['com2net-old-'], 'what is left')
    equal(setups.registered('DisplayName'), None, 'it is no longer listed')
    running.stop()
    eventually(lambda: not running.running(), 'it has ended', 60)
    waiting.process.kill()
    waiting.expected = True
    waiting.wait()

    equal(setups.setup(r'/D=C:\Tools\com2net'), 0, 'install')
    equal(files_in(f'{TOOLS}/com2net'), setups.INSTALLED, 'it leaves nothing old')
    equal(setups.uninstall(), 0, 'uninstall')


def a_program_that_is_kept_open_is_told():
    equal(setups.setup(r'/D=C:\Tools\com2net'), 0, 'install')
    holder = wine.Exe(r'usb:demo-disk:C:\Tools\com2net\net2usb.exe', '0')
    write(f'{TOOLS}/com2net/com2net.exe', 'an old one')
    for act in setups.setup, setups.uninstall:
        equal(act(), 2, f'{act.__name__} while another program has net2usb.exe open')
        equal(read(f'{TOOLS}/com2net/com2net.exe'), b'an old one', 'the other one is where it was')
        equal(files_in(f'{TOOLS}/com2net'), setups.INSTALLED, 'so is all else')
        check(setups.registered('DisplayName'), 'it is listed')
    holder.stop()
    equal(setups.uninstall(), 0, 'uninstall')


def what_cannot_be_installed_is_an_error():
    write(f'{TOOLS}/file', 'no folder')
    equal(setups.setup(r'/D=C:\Tools\file\com2net'), 2, 'install below a file')
    check(not os.path.exists(f'{setups.PROGRAM_FILES}/com2net'), 'it is not elsewhere, either')
    os.makedirs(f'{TOOLS}/com2net/lines.md')
    equal(setups.setup(r'/D=C:\Tools\com2net'), 2, 'install where a folder has the name of a file')
    equal(setups.registered('DisplayName'), None, 'it is not listed')
    os.rmdir(f'{TOOLS}/com2net/lines.md')
    write(f'{TOOLS}/com2net/uninstall.exe', 'an old one')
    write(f'{TOOLS}/com2net/com2net.exe', 'an old one')
    write(f'{TOOLS}/com2net/net2usb.exe', 'an old one')
    os.makedirs(f'{TOOLS}/com2net/raw-usb.md')
    equal(setups.setup(r'/D=C:\Tools\com2net'), 2, 'upgrade of such a one')
    for name in 'com2net.exe', 'net2usb.exe':
        equal(read(f'{TOOLS}/com2net/{name}'), b'an old one', f'{name} is the old one')


def path_is(text):
    status, said = wine.run('reg', 'add', setups.ENVIRONMENT, '/v', 'PATH', '/t', 'REG_EXPAND_SZ',
                            '/d', text, '/f')
    equal(status, 0, said)


def a_long_path_stays_whole():
    before = setups.registered('PATH', setups.ENVIRONMENT)
    folders = ';'.join(fr'C:\some\folder\of\others\{i:03}' for i in range(100))
    long = fr'{before};{folders};C:\Tools\com2net-of-others;%SystemRoot%\x'
    path_is(long)
    for _ in range(2):
        equal(setups.setup(r'/D=C:\Tools\com2net'), 0, 'install')
        equal(setups.registered('PATH', setups.ENVIRONMENT), long + r';C:\Tools\com2net', 'the PATH')
    path_is(fr'C:\tools\COM2NET;{long}')  # as somebody may have moved it
    equal(setups.uninstall(), 0, 'uninstall')
    equal(setups.registered('PATH', setups.ENVIRONMENT), long, 'the PATH afterwards')
    check('REG_EXPAND_SZ' in wine.run('reg', 'query', setups.ENVIRONMENT, '/v', 'PATH')[1], 'its type')
    path_is(before)


def main():
    setups.clean()
    shutil.rmtree(TOOLS, ignore_errors=True)
    for case in (foreign_files_stay, an_upgrade_finds_where_it_was,
                 a_service_of_another_folder_is_left_alone, a_program_that_runs_is_replaced,
                 a_program_that_is_kept_open_is_told,
                 what_cannot_be_installed_is_an_error, a_long_path_stays_whole):
        case()
        shutil.rmtree(TOOLS, ignore_errors=True)


harness.run(main)
