; The installer. makensis is called by CMake with VERSION, FILES (a folder with what is installed),
; CONTENTS (a folder with what contents.cmake has made of that), ICON and OUTPUT. The first line makes
; it a 64-bit program: 32-bit ones do nothing on systems without that part.
;
; Exit status, also of /S: 0, done. 2, not done; nothing is half there. 3010, of the uninstaller: done,
; but a program that runs still will be gone at the next start of Windows.
Target amd64-unicode
!include LogicLib.nsh
!include FileFunc.nsh
!include Sections.nsh
!include WinMessages.nsh
!include "${CONTENTS}/size.nsh"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\com2net"
!define SERVICE "SYSTEM\CurrentControlSet\Services\com2net"
!define ENVIRONMENT "SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
!define SUCCESS_REBOOT_REQUIRED 3010

!ifdef SIGN ; a command that signs a file in its place
!finalize '"${SIGN}" "%1"'
!uninstfinalize '"${SIGN}" "%1"'
!endif

Name "com2net ${VERSION}"
OutFile "${OUTPUT}"
InstallDir "$PROGRAMFILES64\com2net"
InstallDirRegKey HKLM "${UNINSTALL}" "InstallLocation"
RequestExecutionLevel admin
SetCompressor /SOLID lzma
AllowSkipFiles off
SetDateSave off
Icon "${ICON}"
UninstallIcon "${ICON}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "com2net"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "com2net installer"
VIAddVersionKey CompanyName "the com2net authors"
VIAddVersionKey LegalCopyright "MIT licence"

Page license
Page components
Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles
LicenseData "${FILES}\LICENSE.txt"
ComponentText "com2net publishes serial ports and USB devices of this computer over the network."

Var OwnService ; 1: the service runs the program of this folder
Var Running    ; 1: it did when we came
Var Old        ; where com2net.exe, which may run, has been moved to
Var OldClient  ; and net2usb.exe
Var Left       ; 1: such a one remains until Windows starts again

; --- shared with the uninstaller --------------------------------------------------------------------

!macro Shared UN
; A service of another folder is somebody else's.
Function ${UN}FindService
    StrCpy $OwnService 0
    ReadRegStr $0 HKLM "${SERVICE}" "ImagePath"
    StrLen $1 '"$INSTDIR\com2net.exe" '
    StrCpy $2 $0 $1
    ${If} $2 == '"$INSTDIR\com2net.exe" '
        StrCpy $OwnService 1
    ${EndIf}
    StrLen $1 "$INSTDIR\com2net.exe "
    StrCpy $2 $0 $1
    ${If} $2 == "$INSTDIR\com2net.exe "
        StrCpy $OwnService 1
    ${EndIf}
    ${If} $OwnService = 0
    ${AndIf} $0 != ""
        DetailPrint "The service com2net runs a program of another folder, and is left as it is: $0"
    ${EndIf}
FunctionEnd

; Moves the program $1, if there is one, to $2, where it goes on running. Sets the error flag where that
; is not possible; $2 is empty then, or where there is none.
Function ${UN}MoveProgram
    StrCpy $2 ""
    ClearErrors
    ${IfNot} ${FileExists} $1
        Return
    ${EndIf}
    StrCpy $0 1
    ${While} ${FileExists} "$INSTDIR\com2net-old-$0.exe"
        IntOp $0 $0 + 1
    ${EndWhile}
    Rename $1 "$INSTDIR\com2net-old-$0.exe"
    ${If} ${Errors} ; which forgets them
        SetErrors
    ${Else}
        StrCpy $2 "$INSTDIR\com2net-old-$0.exe"
    ${EndIf}
FunctionEnd

; Both, to $Old and $OldClient, or none.
Function ${UN}MovePrograms
    Delete "$INSTDIR\com2net-old-*.exe" ; of earlier ones
    StrCpy $OldClient ""
    StrCpy $1 "$INSTDIR\com2net.exe"
    Call ${UN}MoveProgram
    StrCpy $Old $2
    ${If} ${Errors}
        SetErrors
        Return
    ${EndIf}
    StrCpy $1 "$INSTDIR\net2usb.exe"
    Call ${UN}MoveProgram
    StrCpy $OldClient $2
    ${If} ${Errors}
        Call ${UN}MoveBack
        SetErrors
    ${EndIf}
FunctionEnd

Function ${UN}MoveBack
    ${If} $Old != ""
        Delete "$INSTDIR\com2net.exe"
        Rename $Old "$INSTDIR\com2net.exe"
        StrCpy $Old ""
    ${EndIf}
    ${If} $OldClient != ""
        Delete "$INSTDIR\net2usb.exe"
        Rename $OldClient "$INSTDIR\net2usb.exe"
        StrCpy $OldClient ""
    ${EndIf}
FunctionEnd

; Deletes what has been moved to $1: if it runs, when Windows starts.
Function ${UN}DeleteMoved
    ${If} $1 == ""
        Return
    ${EndIf}
    Delete $1
    ${If} ${FileExists} $1
        DetailPrint "The program that runs is the old one, until it is started again."
        System::Call 'kernel32::MoveFileExW(w r1, p 0, i 4)'
    ${EndIf}
FunctionEnd

Function ${UN}DeleteOld
    StrCpy $1 $Old
    Call ${UN}DeleteMoved
    StrCpy $1 $OldClient
    Call ${UN}DeleteMoved
    StrCpy $Old ""
    StrCpy $OldClient ""
FunctionEnd

; The system's PATH may be longer than a string of an installer, so it is edited in memory of its own:
; $1 is the key, $2 the memory, which holds the PATH between two semicolons, $3 the value's type, and $5
; where ";folder;" stands, or 0. $0 is 0 unless all that is impossible.
Function ${UN}ReadPath
    System::Call 'advapi32::RegOpenKeyExW(p 0x80000002, w "${ENVIRONMENT}", i 0, i 0x2001f, *p .r1) i .r0'
    System::Alloc 66000
    Pop $2
    StrCpy $5 0
    ${If} $0 <> 0
        Return
    ${EndIf}
    System::Call 'kernel32::lstrcatW(p r2, w ";")'
    IntPtrOp $4 $2 + 2
    System::Call 'advapi32::RegQueryValueExW(p r1, w "Path", p 0, *i .r3, p r4, *i 65000) i .r0'
    ${If} $0 <> 0
        Return
    ${EndIf}
    ${If} $3 <> 1
    ${AndIf} $3 <> 2 ; REG_SZ, REG_EXPAND_SZ
        StrCpy $0 1
        Return
    ${EndIf}
    System::Call 'kernel32::lstrcatW(p r2, w ";")'
    System::Call 'shlwapi::StrStrIW(p r2, w ";$INSTDIR;") p .r5'
FunctionEnd

; Writes what stands between the two semicolons, and frees all.
Function ${UN}WritePath
    ${If} $0 = 0
        IntPtrOp $4 $2 + 2
        System::Call 'kernel32::lstrlenW(p r4) i .r6'
        IntOp $6 $6 * 2
        IntPtrOp $7 $2 + $6
        System::Call '*$7(&i2 0)' ; the last semicolon
        System::Call 'advapi32::RegSetValueExW(p r1, w "Path", i 0, i r3, p r4, i r6)'
        SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=5000
    ${EndIf}
    Call ${UN}ForgetPath
FunctionEnd

Function ${UN}ForgetPath
    System::Free $2
    System::Call 'advapi32::RegCloseKey(p r1)'
FunctionEnd
!macroend

!insertmacro Shared ""
!insertmacro Shared "un."

; --- installing -------------------------------------------------------------------------------------

; Files of others may stand in a folder that somebody names: ours get one of their own there.
Function TakeOwnFolder
    ${If} ${FileExists} "$INSTDIR\com2net.exe"
    ${AndIf} ${FileExists} "$INSTDIR\uninstall.exe"
        Return
    ${EndIf}
    ${GetFileName} $INSTDIR $0
    ${If} $0 != "com2net"
        StrCpy $INSTDIR "$INSTDIR\com2net"
    ${EndIf}
FunctionEnd

Function StopService
    StrCpy $Running 0
    ${If} $OwnService = 1
        nsExec::Exec '"$INSTDIR\com2net.exe" service status'
        Pop $0
        ${If} $0 = 0
            StrCpy $Running 1
            nsExec::Exec '"$INSTDIR\com2net.exe" service stop'
            Pop $0
        ${EndIf}
    ${EndIf}
FunctionEnd

Function StartService
    ${If} $Running = 1
        nsExec::Exec '"$INSTDIR\com2net.exe" service start'
        Pop $0
        ${If} $0 <> 0
            DetailPrint "The service does not start: `com2net service start` says why"
        ${EndIf}
    ${EndIf}
FunctionEnd

; Also where the installer itself gives up, at a file that cannot be written.
Function .onInstFailed
    Call MoveBack
    Call StartService
FunctionEnd

Section "com2net"
    SectionIn RO
    SetShellVarContext all
    Call TakeOwnFolder
    Call FindService
    Call StopService

    SetOutPath "$INSTDIR"
    Call MovePrograms
    ${If} ${Errors}
        SetErrorLevel 2
        Abort "$1 cannot be replaced: end the program that runs, and try again"
    ${EndIf}
    ClearErrors
    File /r "${FILES}\*.*"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    ${If} ${Errors}
        SetErrorLevel 2
        Abort "$INSTDIR cannot be written: a full disk, or a file there that is open?"
    ${EndIf}
    Call DeleteOld
    Call StartService

    ; also as administrator, who begins in a folder of the system
    CreateDirectory "$SMPROGRAMS\com2net"
    CreateShortcut "$SMPROGRAMS\com2net\com2net.lnk" "$SYSDIR\cmd.exe" \
        '/k "cd /d "$INSTDIR" && com2net.exe list"' "$INSTDIR\com2net.exe" 0
    WriteRegStr HKLM "${UNINSTALL}" "DisplayName" "com2net"
    WriteRegStr HKLM "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKLM "${UNINSTALL}" "DisplayIcon" "$INSTDIR\com2net.exe"
    WriteRegStr HKLM "${UNINSTALL}" "Publisher" "the com2net authors"
    WriteRegStr HKLM "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    ; The uninstaller leaves its work to a copy of itself, and ends at once with 0. For whoever wants
    ; the exit status the copy is made here, and waited for.
    WriteRegStr HKLM "${UNINSTALL}" "QuietUninstallString" \
        '"$SYSDIR\cmd.exe" /c copy /y "$INSTDIR\uninstall.exe" "%TEMP%\com2net-uninstall.exe" >nul \
&& start "" /wait "%TEMP%\com2net-uninstall.exe" /S _?=$INSTDIR'
    WriteRegStr HKLM "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegDWORD HKLM "${UNINSTALL}" "EstimatedSize" ${SIZE}
    WriteRegDWORD HKLM "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD HKLM "${UNINSTALL}" "NoRepair" 1
SectionEnd

Section "com2net on the PATH" on_path
    Call ReadPath
    ${If} $0 <> 0
        DetailPrint "The PATH of this system cannot be changed; call com2net by its whole path."
        Call ForgetPath
    ${ElseIf} $5 <> 0
        Call ForgetPath ; it is there
    ${Else}
        System::Call 'kernel32::lstrcatW(p r2, w "$INSTDIR;")'
        Call WritePath
    ${EndIf}
    WriteRegDWORD HKLM "${UNINSTALL}" "OnPath" 1
SectionEnd

; Off unless it is wanted: there is no password. A service has a rule of its own, see its --firewall.
Section /o "Let the local network in (firewall)" in_firewall
    nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall delete rule name="com2net"'
    Pop $0
    nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall add rule name="com2net" dir=in action=allow \
protocol=TCP remoteip=localsubnet program="$INSTDIR\com2net.exe"'
    Pop $0
    ${If} $0 <> 0
        DetailPrint "The firewall does not take the rule; windows.md has the line for it."
    ${EndIf}
    WriteRegDWORD HKLM "${UNINSTALL}" "InFirewall" 1
SectionEnd

; The installer takes its usual folder where that of /D= is impossible, and says nothing.
Function CheckFolder
    System::Call 'kernel32::GetCommandLineW() p .r0'
    System::Call 'shlwapi::StrStrIW(p r0, w " /D=") p .r1'
    ${If} $1 = 0
        Return
    ${EndIf}
    IntPtrOp $1 $1 + 8
    System::Call 'kernel32::lstrcpyW(w .r2, p r1)'
    ${If} $2 != $INSTDIR
    ${AndIf} $2 != "$INSTDIR\"
        SetErrorLevel 2
        MessageBox MB_OK|MB_ICONSTOP "com2net cannot be installed in $2" /SD IDOK
        Abort
    ${EndIf}
FunctionEnd

; An upgrade does what was chosen before.
Function .onInit
    Call CheckFolder
    ReadRegStr $0 HKLM "${UNINSTALL}" "InstallLocation"
    ReadRegDWORD $1 HKLM "${UNINSTALL}" "OnPath"
    ${If} $0 != ""
    ${AndIf} $1 = 0
        SectionSetFlags ${on_path} 0
    ${EndIf}
    ReadRegDWORD $1 HKLM "${UNINSTALL}" "InFirewall"
    ${GetParameters} $2
    ClearErrors
    ${GetOptions} $2 "/FIREWALL" $3
    ${IfNot} ${Errors}
    ${OrIf} $1 = 1
        SectionSetFlags ${in_firewall} ${SF_SELECTED}
    ${EndIf}
FunctionEnd

; --- uninstalling -----------------------------------------------------------------------------------

Section "un.com2net"
    SetShellVarContext all
    SetOutPath "$TEMP" ; a working folder cannot be removed
    Call un.FindService
    ${If} $OwnService = 1
        nsExec::Exec '"$INSTDIR\com2net.exe" service uninstall'
        Pop $0
        ${If} $0 <> 0
            SetErrorLevel 2
            Abort "The service cannot be removed: `com2net service uninstall` says why"
        ${EndIf}
    ${EndIf}
    StrCpy $Left 0
    Call un.MovePrograms
    ${If} ${Errors}
        SetErrorLevel 2
        Abort "$1 cannot be deleted: end the program that runs, and try again"
    ${EndIf}
    Call un.DeleteOld
    ${If} ${FileExists} "$INSTDIR\com2net-old-*.exe" ; or one that has run since an upgrade
        StrCpy $Left 1
    ${EndIf}
    !include "${CONTENTS}/deletes.nsh" ; by name: other files in the folder are not ours
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    ${If} $EXEDIR == $TEMP
        System::Call 'kernel32::MoveFileExW(w "$EXEPATH", p 0, i 4)'
    ${EndIf}
    ${If} $Left = 1
        System::Call 'kernel32::MoveFileExW(w "$INSTDIR", p 0, i 4)'
    ${EndIf}
    Delete "$SMPROGRAMS\com2net\com2net.lnk"
    RMDir "$SMPROGRAMS\com2net"
    Call un.ReadPath
    ${If} $0 = 0
    ${AndIf} $5 <> 0
        StrLen $6 ";$INSTDIR"
        IntOp $6 $6 * 2
        IntPtrOp $6 $5 + $6
        System::Call 'kernel32::lstrlenW(p r6) i .r7'
        IntOp $7 $7 + 1
        IntOp $7 $7 * 2
        System::Call 'ntdll::RtlMoveMemory(p r5, p r6, p r7)'
        Call un.WritePath
    ${Else}
        Call un.ForgetPath
    ${EndIf}
    ReadRegDWORD $0 HKLM "${UNINSTALL}" "InFirewall"
    ${If} $0 = 1
        nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall delete rule name="com2net"'
        Pop $0
    ${EndIf}
    DeleteRegKey HKLM "${UNINSTALL}"
    ${If} $Left = 1
        DetailPrint "The program that runs goes when it has ended and Windows starts again."
        SetErrorLevel ${SUCCESS_REBOOT_REQUIRED}
    ${EndIf}
SectionEnd
