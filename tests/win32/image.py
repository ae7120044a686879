#!/usr/bin/python3
"""com2net.exe imports DLLs of Windows only, is hardened, and has its version and manifest."""

import os
import subprocess

import harness
import wine
from harness import check, equal

SYSTEM = {'advapi32.dll', 'cfgmgr32.dll', 'iphlpapi.dll', 'kernel32.dll', 'msvcrt.dll',
          'setupapi.dll', 'shell32.dll', 'user32.dll', 'winmm.dll', 'ws2_32.dll'}
OBJDUMP = 'x86_64-w64-mingw32-objdump'
DYNAMIC_BASE, HIGH_ENTROPY_VA, NX_COMPAT = 0x40, 0x20, 0x100


def main():
    headers = subprocess.run([harness.need(OBJDUMP), '-p', wine.EXE], stdout=subprocess.PIPE,
                             text=True, check=True).stdout
    imports = set(harness.re.findall(r'DLL Name: (\S+)', headers))
    check(len(imports) > 3, 'its imports are found')
    equal({name for name in imports if name.lower() not in SYSTEM}, set(), 'DLLs not of Windows')
    flags = int(harness.re.search(r'DllCharacteristics\s+(\w+)', headers).group(1), 16)
    for name, bit in ('ASLR', DYNAMIC_BASE), ('64-bit ASLR', HIGH_ENTROPY_VA), ('DEP', NX_COMPAT):
        check(flags & bit, f'{name} is on')
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
    check(os.path.getsize(wine.EXE) < 4 << 20, 'it is small')


harness.run(main)
