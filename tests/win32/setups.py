"""What the tests of the installer share: the packages, and what they leave in Wine's prefix."""

import contextlib
import os
import shutil

import harness
import wine

UNINSTALL = r'HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall\com2net'
SERVICE_KEY = r'HKLM\SYSTEM\CurrentControlSet\Services\com2net'
ENVIRONMENT = r'HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment'
DRIVE = os.path.join(wine.PREFIX, 'drive_c')
PROGRAM_FILES = os.path.join(DRIVE, 'Program Files')
MENU = os.path.join(DRIVE, 'ProgramData', 'Microsoft', 'Windows', 'Start Menu', 'Programs')
DOCUMENTS = {'LICENSE.txt', 'windows.md', 'lines.md', 'containers.md', 'raw-usb.md',
             'troubleshooting.md', 'setup.png', 'licenses/GPL-3.txt',
             'licenses/RELINKING.txt', 'licenses/libevent.txt', 'licenses/libtelnet.txt',
             'licenses/libusb.txt', 'licenses/mingw-w64.txt',
             'licenses/musl.txt'}
# of a static build, in linux/PLATFORM; a library for each C library
LINUX = {f'linux/{platform}/{name}' for platform in ('amd64', 'arm64') for name in (
    'bin/net2pty', 'bin/net2usb', 'lib/net2pty/libnet2pty-preload.so',
    'lib/net2usb/hidraw/libhidapi-hidraw.so.0',
    *(f'lib/net2usb/{libc}{library}' for libc in ('', 'musl/')
      for library in ('python/sitecustomize.py', 'libnet2usb-dlopen.so', 'libusb-0.1.so.4', 'libusb-1.0.so.0')))}
FILES = DOCUMENTS | LINUX | {'com2net.exe', 'net2usb.exe', 'selftest.cmd'}
INSTALLED = FILES | {'uninstall.exe'}


def version():
    return wine.run(wine.EXE, '--version')[1].split()[1]


def package(suffix, program='com2net'):
    """A file of the target windows_packages: com2net-VERSION`suffix`, or another PROGRAM's."""
    return harness.built(os.path.join(os.path.dirname(wine.EXE), f'{program}-{version()}{suffix}'),
                         'cmake --build build-mingw --target windows_packages')


def files_in(folder):
    return {os.path.relpath(os.path.join(at, name), folder)
            for at, _, names in os.walk(folder) for name in names}


def setup(*arguments):
    """Installs without a word: its status."""
    return wine.run(package('-setup.exe'), '/S', *arguments)[0]


def uninstall():
    """As Windows's list of programs, or whatever manages many machines, does: its status."""
    line = harness.temp('line.txt')
    with open(line, 'w', encoding='ascii') as f:
        f.write(registered('QuietUninstallString'))
    status, said = wine.run(os.environ['LAUNCH_EXE'], line)
    harness.equal(status, 0, f'the uninstaller is started: {said}')
    return int(said.split()[-1])


def registered(name, key=UNINSTALL):
    """The value of that name, or None."""
    status, said = wine.run('reg', 'query', key, '/v', name)
    return said.split('REG_', 1)[1].split(None, 1)[1].rstrip('\n') if status == 0 else None


def clean():
    """Of a run that has failed."""
    if registered('DisplayName'):
        wine.run('reg', 'delete', UNINSTALL, '/f')
    if wine.run('reg', 'query', SERVICE_KEY)[0] == 0:
        wine.run(wine.EXE, 'service', 'uninstall')
    for folder in (f'{PROGRAM_FILES}/com2net', f'{MENU}/com2net'):
        shutil.rmtree(folder, ignore_errors=True)


NETSH = os.path.join(DRIVE, 'windows', 'system32', 'netsh.exe')
TOLD, FAILS = (os.path.join(DRIVE, f'netsh.{name}') for name in ('txt', 'fails'))


def netsh_told():
    """What netsh has been told of the firewall since the last time."""
    if not os.path.exists(TOLD):
        return []
    with open(TOLD, encoding='utf-8') as f:
        lines = f.read().splitlines()
    os.unlink(TOLD)
    front = r'"C:\windows\system32\netsh.exe" advfirewall firewall '
    harness.check(all(line.lower().startswith(front.lower()) for line in lines), f'netsh is System32\'s: {lines}')
    return [line[len(front):] for line in lines]


def let_netsh_fail():
    with open(FAILS, 'w', encoding='ascii'):
        pass


@contextlib.contextmanager
def netsh():
    """One that writes down what it is told, in place of Wine's: gives what reads that."""
    environment = wine.environment
    wine.environment = lambda lines=False, native=None: environment(lines, native or 'netsh.exe')
    kept = NETSH + '.kept'
    if not os.path.exists(kept):
        shutil.copy(NETSH, kept)
    shutil.copy(os.environ['NETSH_EXE'], NETSH)
    try:
        netsh_told()
        yield netsh_told
    finally:
        shutil.move(kept, NETSH)
        if os.path.exists(FAILS):
            os.unlink(FAILS)
        wine.environment = environment
