#!/usr/bin/python3
"""com2net.exe and net2usb.exe import known DLLs of Windows only, are hardened, and have their version and
manifest."""

import os
import struct
import subprocess

import harness
import setups
import wine
from harness import check, equal

# of HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\KnownDLLs: Windows looks for others beside
# the program first
KNOWN = {'advapi32.dll', 'kernel32.dll', 'msvcrt.dll', 'setupapi.dll', 'shell32.dll', 'user32.dll',
         'ws2_32.dll'}
OBJDUMP, NM, ADDR2LINE = (f'x86_64-w64-mingw32-{name}' for name in ('objdump', 'nm', 'addr2line'))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DYNAMIC_BASE, HIGH_ENTROPY_VA, NX_COMPAT = 0x40, 0x20, 0x100


# a function of each, and where it stands
PLACES = {wine.EXE: ('source_parse_all', './server/source.c:'),
          wine.NET2USB: ('usb_server_list', './client/usb/usb_server.c:')}


def check_debug_file(exe):
    """It says what stands at an address that a crash has told."""
    function, place = PLACES[exe]
    file = setups.package('-windows-x64.debug', os.path.basename(exe)[:-len('.exe')])
    symbols = subprocess.run([NM, file], stdout=subprocess.PIPE, text=True, check=True).stdout
    address = harness.re.search(rf'^(\w+) T {function}$', symbols, harness.re.M).group(1)
    said = subprocess.run([ADDR2LINE, '-f', '-e', file, address], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    check(said.startswith(f'{function}\n') and place in said, f'it is at {address}: {said}')


def check_headers(exe):
    headers = subprocess.run([harness.need(OBJDUMP), '-p', exe], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    imports = set(harness.re.findall(r'DLL Name: (\S+)', headers))
    check(len(imports) > 3, 'its imports are found')
    equal({name for name in imports if name.lower() not in KNOWN}, set(), 'DLLs that somebody may plant')
    flags = int(harness.re.search(r'DllCharacteristics\s+(\w+)', headers).group(1), 16)
    for name, bit in ('ASLR', DYNAMIC_BASE), ('64-bit ASLR', HIGH_ENTROPY_VA), ('DEP', NX_COMPAT):
        check(flags & bit, f'{name} is on')
    for name in 'MajorOSystemVersion', 'MajorSubsystemVersion':
        equal(harness.re.search(rf'{name}\s+(\d+)', headers).group(1), '10', name)
    check(harness.re.search(r'Time/Date\s+Thu Jan  1 00:00:00 1970|Time/Date\s+0', headers),
          'it does not depend on when it was built')
    symbols = subprocess.run([OBJDUMP, '-t', exe], stdout=subprocess.PIPE, text=True, check=True).stdout
    check('__stack_chk_fail' in symbols, 'the stack is protected')


def check_resources(exe):
    with open(exe, 'rb') as f:
        image = f.read()
    check(ROOT.encode() not in image, 'it does not depend on where it was built')
    for text in 'activeCodePage', 'UTF-8</activeCodePage>', 'longPathAware', 'asInvoker':
        check(text.encode() in image, f'{text} is in the manifest')
    with open(os.path.join(ROOT, 'packaging', 'windows', 'com2net.ico'), 'rb') as f:
        icons = f.read()
    length, offset = struct.unpack_from('<II', icons, 6 + 8)  # of the first of them
    check(icons[offset:offset + length] in image, 'the icon is in it')
    version = wine.run(exe, '--version')[1].split()[1]
    for text in 'FileVersion', 'ProductVersion', version, os.path.basename(exe):
        check(text.encode('utf-16-le') in image, f'{text} is in the version resource')
    has_message = '%1\n'.encode('utf-16-le') in image
    equal(has_message, exe == wine.EXE, 'the message of the Event Log is in it')


def main():
    for exe in PLACES:
        check_headers(exe)
        check_debug_file(exe)
        check_resources(exe)
    check(os.path.getsize(setups.package('-windows-x64.zip')) < 2 << 20, 'the zip is small')


harness.run(main)
