#!/usr/bin/python3
"""com2net.exe imports known DLLs of Windows only, is hardened, and has its version and manifest."""

import os
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


def check_debug_file():
    """It says what stands at an address that a crash has told."""
    file = setups.package('-windows-x64.debug')
    symbols = subprocess.run([NM, file], stdout=subprocess.PIPE, text=True, check=True).stdout
    address = harness.re.search(r'^(\w+) T source_parse_all$', symbols, harness.re.M).group(1)
    said = subprocess.run([ADDR2LINE, '-f', '-e', file, address], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    check(said.startswith('source_parse_all\n') and './server/source.c:' in said, f'it is at {address}: {said}')
    with open(wine.EXE, 'rb') as f:
        check(ROOT.encode() not in f.read(), 'it does not depend on where it was built')


def main():
    headers = subprocess.run([harness.need(OBJDUMP), '-p', wine.EXE], stdout=subprocess.PIPE,
                             text=True, check=True).stdout
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
    check_debug_file()
    symbols = subprocess.run([OBJDUMP, '-t', wine.EXE], stdout=subprocess.PIPE, text=True,
                             check=True).stdout
    check('__stack_chk_fail' in symbols, 'the stack is protected')

    with open(wine.EXE, 'rb') as f:
        image = f.read()
    for text in 'activeCodePage', 'UTF-8</activeCodePage>', 'longPathAware', 'asInvoker':
        check(text.encode() in image, f'{text} is in the manifest')
    version = wine.run(wine.EXE, '--version')[1].split()[1]
    for text in 'FileVersion', 'ProductVersion', version, 'com2net.exe':
        check(text.encode('utf-16-le') in image, f'{text} is in the version resource')
    check('%1\n'.encode('utf-16-le') in image, 'the message of the Event Log is in it')
    check(os.path.getsize(setups.package('-windows-x64.zip')) < 2 << 20, 'the zip is small')


harness.run(main)
