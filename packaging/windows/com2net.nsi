; The installer. makensis is called by CMake with VERSION, FILES (a folder with what is installed)
; and OUTPUT. The first line makes it a 64-bit program: 32-bit ones do nothing on systems without
; that part.
Target amd64-unicode
Name "com2net ${VERSION}"
OutFile "${OUTPUT}"
InstallDir "$PROGRAMFILES64\com2net"
RequestExecutionLevel admin
SetCompressor /SOLID lzma
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "com2net"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "com2net installer"
VIAddVersionKey LegalCopyright "MIT licence"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\com2net"

Page license
Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles
LicenseData "${FILES}\LICENSE.txt"

Var Running

Section
    SetShellVarContext all
    SetRegView 64

    ; a service of an earlier version has its exe open
    StrCpy $Running 1
    IfFileExists "$INSTDIR\com2net.exe" 0 copy
    nsExec::Exec '"$INSTDIR\com2net.exe" service status'
    Pop $Running
    nsExec::Exec '"$INSTDIR\com2net.exe" service stop'
    Pop $0
copy:
    SetOutPath "$INSTDIR"
    File /r "${FILES}\*.*"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    StrCmp $Running 0 0 stopped
    nsExec::Exec '"$INSTDIR\com2net.exe" service start'
    Pop $0
stopped:

    CreateDirectory "$SMPROGRAMS\com2net"
    SetOutPath "$INSTDIR"
    CreateShortcut "$SMPROGRAMS\com2net\com2net.lnk" "$SYSDIR\cmd.exe" '/k com2net.exe --list'
    WriteRegStr HKLM "${UNINSTALL}" "DisplayName" "com2net"
    WriteRegStr HKLM "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKLM "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKLM "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegStr HKLM "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegDWORD HKLM "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD HKLM "${UNINSTALL}" "NoRepair" 1
SectionEnd

Section "un.com2net"
    SetShellVarContext all
    SetRegView 64
    nsExec::Exec '"$INSTDIR\com2net.exe" service uninstall'
    Pop $0
    Delete "$SMPROGRAMS\com2net\com2net.lnk"
    RMDir "$SMPROGRAMS\com2net"
    Delete "$INSTDIR\com2net.exe"
    Delete "$INSTDIR\LICENSE.txt"
    Delete "$INSTDIR\windows.md"
    Delete "$INSTDIR\lines.md"
    Delete "$INSTDIR\containers.md"
    Delete "$INSTDIR\raw-usb.md"
    Delete "$INSTDIR\troubleshooting.md"
    RMDir /r "$INSTDIR\licenses"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    DeleteRegKey HKLM "${UNINSTALL}"
SectionEnd
