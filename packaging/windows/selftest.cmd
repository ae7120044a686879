@echo off
rem selftest.cmd COM3: tries com2net on this Windows with one adapter, in two minutes, and writes a
rem report to send. "quiet" as a second word: nothing is asked, and nothing has to be unplugged.
setlocal enabledelayedexpansion
set PORT=%1
set QUIET=%2
set EXE=%~dp0com2net.exe
set NET2USB=%~dp0net2usb.exe
set REPORT=%CD%\com2net-selftest.txt
set WORK=%TEMP%\com2net-selftest
if "%PORT%"=="" (
    echo usage: selftest.cmd COM3
    echo The board at the port may be reset. `com2net list` shows the ports.
    exit /b 2
)
if not exist "%EXE%" (
    echo selftest.cmd: com2net.exe is not beside it; unpack the whole zip
    exit /b 2
)
if exist "%WORK%" rmdir /s /q "%WORK%"
mkdir "%WORK%"
echo com2net's selftest> "%REPORT%"
set FAILURES=0

call :say --- this machine
ver >> "%REPORT%"
"%EXE%" --version >> "%REPORT%"
call :check program "it starts" %ERRORLEVEL%

call :say --- the list, twice: a board must not be reset by it
"%EXE%" list > "%WORK%\list.txt" 2>&1
call :check list "ports are listed" %ERRORLEVEL%
type "%WORK%\list.txt" >> "%REPORT%"
"%EXE%" list > "%WORK%\again.txt" 2>&1
fc "%WORK%\list.txt" "%WORK%\again.txt" > nul
call :check list-same "the second list is the same" %ERRORLEVEL%
find "%PORT%" "%WORK%\list.txt" > nul
call :check list-port "%PORT% is among them" %ERRORLEVEL%

call :say --- publishing %PORT%
start "" /b "%EXE%" --log-file "%WORK%\log.txt" -v %PORT%,hotplug,name=selftest 0
set PID=
call :wait_for "listening on"
call :check publish "%PORT% is published" %FOUND%
if not %FOUND%==0 goto published
"%EXE%" status > "%WORK%\status.txt" 2>&1
call :check status "status tells of it" %ERRORLEVEL%
call :pid_of selftest
type "%WORK%\status.txt" >> "%REPORT%"
"%EXE%" list > "%WORK%\taken.txt" 2>&1
find "published" "%WORK%\taken.txt" > nul
call :check list-taken "the list says by whom it is published" %ERRORLEVEL%
"%EXE%" doctor > "%WORK%\doctor.txt" 2>&1
find "is published on 127.0.0.1" "%WORK%\doctor.txt" > nul
call :check doctor "the doctor knows it" %ERRORLEVEL%
type "%WORK%\doctor.txt" >> "%REPORT%"
call :talk
:published
if "%QUIET%"=="quiet" goto unplugged
echo Unplug the adapter of %PORT%, plug it in again, then press a key.
pause > nul
find "has gone" "%WORK%\log.txt" > nul
call :check unplugged "the log says that it has gone" %ERRORLEVEL%
find "back" "%WORK%\log.txt" > nul
call :check back "the log says that it is back" %ERRORLEVEL%
:unplugged
if not "%PID%"=="" taskkill /f /pid %PID% > nul 2>&1
call :say --- its log
if exist "%WORK%\log.txt" type "%WORK%\log.txt" >> "%REPORT%"

call :say --- a built-in USB board, as net2usb sees it
set PID=
start "" /b "%EXE%" --log-file "%WORK%\usb.txt" usb:demo-icestick,name=selftest-usb 37240
"%NET2USB%" list --wait 20 localhost:37240 > "%WORK%\usb-list.txt" 2>&1
call :check usb-list "net2usb lists it" %ERRORLEVEL%
"%NET2USB%" doctor localhost:37240 > "%WORK%\usb-doctor.txt" 2>&1
call :check usb-doctor "net2usb doctor finds it" %ERRORLEVEL%
"%EXE%" status > "%WORK%\status.txt" 2>&1
call :pid_of selftest-usb
if not "%PID%"=="" taskkill /f /pid %PID% > nul 2>&1
for %%f in (usb usb-list usb-doctor) do if exist "%WORK%\%%f.txt" type "%WORK%\%%f.txt" >> "%REPORT%"

call :say --- the service, where this is an administrator's terminal
net session > nul 2>&1
if errorlevel 1 (
    echo skip service: no administrator>> "%REPORT%"
    goto served
)
"%EXE%" service status > "%WORK%\service.txt" 2>&1
find "not installed" "%WORK%\service.txt" > nul
if errorlevel 1 (
    echo skip service: one is installed already>> "%REPORT%"
    goto served
)
"%EXE%" service install -- %PORT%,hotplug 0 > "%WORK%\service-1.txt" 2>&1
call :check service-install "service install" %ERRORLEVEL%
"%EXE%" service start > "%WORK%\service-2.txt" 2>&1
call :check service-start "service start" %ERRORLEVEL%
"%EXE%" status > "%WORK%\service-3.txt" 2>&1
call :check service-status "status tells of the service" %ERRORLEVEL%
"%EXE%" service uninstall > "%WORK%\service-4.txt" 2>&1
call :check service-uninstall "service uninstall" %ERRORLEVEL%
for /l %%i in (1,1,4) do type "%WORK%\service-%%i.txt" >> "%REPORT%"
:served

echo.>> "%REPORT%"
echo %FAILURES% failed>> "%REPORT%"
echo.
echo %FAILURES% failed. The report, to send: %REPORT%
rmdir /s /q "%WORK%" > nul 2>&1
if %FAILURES%==0 exit /b 0
exit /b 1

rem --- subroutines ---------------------------------------------------------------------------

:say
echo.>> "%REPORT%"
echo %*>> "%REPORT%"
exit /b 0

rem call :check NAME "WHAT" STATUS
:check
if "%3"=="0" (
    echo ok   %1: %~2>> "%REPORT%"
    echo ok   %1: %~2
    exit /b 0
)
echo FAIL %1: %~2>> "%REPORT%"
echo FAIL %1: %~2
set /a FAILURES=%FAILURES%+1
exit /b 0

rem Sets PID to the com2net with a port of this name, out of status.txt; it stays empty if there is none.
:pid_of
for /f "usebackq tokens=1-3 delims=() " %%a in ("%WORK%\status.txt") do (
    if "%%a"=="com2net" set LAST=%%c
    if "%%a"=="%1" if "!PID!"=="" set PID=!LAST!
)
exit /b 0

rem Sets FOUND to 0 when the words are in the log, to 1 after ten seconds.
:wait_for
set FOUND=1
for /l %%i in (1,1,10) do call :look %1
exit /b 0
:look
if %FOUND%==0 exit /b 0
if exist "%WORK%\log.txt" find %1 "%WORK%\log.txt" > nul && set FOUND=0
if not %FOUND%==0 ping -n 2 127.0.0.1 > nul
exit /b 0

rem Bytes to the port and, where TX and RX are connected, back.
:talk
powershell -NoProfile -Command "exit 7" > nul 2>&1
if not %ERRORLEVEL%==7 (
    echo skip talk: no PowerShell>> "%REPORT%"
    exit /b 0
)
powershell -NoProfile -Command "$m = Select-String -Path '%WORK%\log.txt' -Pattern 'listening on 127.0.0.1:(\d+)' | Select-Object -First 1; $c = New-Object Net.Sockets.TcpClient('127.0.0.1', [int]$m.Matches[0].Groups[1].Value); $s = $c.GetStream(); $s.ReadTimeout = 3000; $b = [Text.Encoding]::ASCII.GetBytes('com2net selftest'); $s.Write($b, 0, $b.Length); $r = New-Object byte[] 64; try { $n = $s.Read($r, 0, 64); 'came back: ' + [Text.Encoding]::ASCII.GetString($r, 0, $n) } catch { 'nothing came back: TX and RX are not connected, or it does not answer' }; $c.Close()" > "%WORK%\talk.txt" 2>&1
type "%WORK%\talk.txt" >> "%REPORT%"
find "came back" "%WORK%\talk.txt" > nul
call :check talk "a client connects" %ERRORLEVEL%
exit /b 0
